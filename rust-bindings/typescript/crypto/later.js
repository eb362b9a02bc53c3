// The functions that turn a password into a key, as promises: the work is done in a worker, and only where there is none it is done
// here and blocks. Bytes and errors are those of the functions themselves.
import * as glue from 'glue';
import { ask } from './worker.js';

/** `scrypt_derive_key`. */
export async function scrypt_derive_key_async(password, salt, length) {
  return (await ask('scrypt_derive_key', password, salt, length)) ?? glue.scrypt_derive_key(password, salt, length);
}

/** `argon2id_derive_key`. */
export async function argon2id_derive_key_async(password, salt, options) {
  return (await ask('argon2id_derive_key', password, salt, options)) ?? glue.argon2id_derive_key(password, salt, options);
}

/** `encrypt_with_password`. */
export async function encrypt_with_password_async(plaintext, password) {
  return (await ask('encrypt_with_password', plaintext, password)) ?? glue.encrypt_with_password(plaintext, password);
}

/** `decrypt_with_password`. */
export async function decrypt_with_password_async(encrypted, password, options) {
  return (await ask('decrypt_with_password', encrypted, password, options)) ?? glue.decrypt_with_password(encrypted, password, options);
}
