/** The worker of `security-crypto.ts`: one password, one key. */
import init, { scrypt_derive_key } from 'rust-crypto/pkg';
import { answerBy } from './worker.js';

/** What it is asked. */
export type ScryptRequest = { password: Uint8Array; salt: Uint8Array; length: number };

answerBy(init, ({ password, salt, length }: ScryptRequest) => scrypt_derive_key(password, salt, length));
