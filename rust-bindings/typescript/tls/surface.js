// What the entry exports beside the generated glue.
import { CertError, CryptoError } from 'error';

export * from 'glue';

export { CertError, CryptoError, CryptoError as default };
