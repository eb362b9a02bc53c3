/** Whose API key a text is, and texts that are fit for logs. In Node at once, elsewhere once `initCrypto` has resolved. */
import * as raw from 'rust-crypto/pkg';
import type { KeyType } from 'rust-crypto/pkg';

export { ValidationError } from 'rust-crypto/pkg';
export type { KeyType, ValidationErrorCode } from 'rust-crypto/pkg';

/**
 * Whose key this is and how sure that is. Unknown shapes are accepted as such, unless `strict`. Nothing is sent anywhere.
 *
 * Throws `ValidationError` for what cannot be a key, and, when `provider` is given, for what is certainly another's.
 */
export function validateKeyFormat(key: string, options: { provider?: string; strict?: boolean } = {}): KeyType {
  return raw.validate_key_format(key, options);
}

/** The form of a key for people: a prefix that tells only whose it is, and the last four characters. */
export function redactForLogging(key: string): string {
  return raw.redact_for_logging(key);
}

/** The text with every API key in it replaced by its redacted form. Time is linear in the text. */
export function redactText(text: string): string {
  return raw.redact_text(text);
}
