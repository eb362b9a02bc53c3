// What the entry exports beside the generated glue.
import { CertError, CryptoError } from 'error';

export { CertError, CryptoError, CryptoError as default };
