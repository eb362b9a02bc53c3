// The classes of everything the packages throw. Each package exports its own.

class CodedError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

/** What went wrong: `code` is stable and is what to branch on, `message` is for people and holds no secret. */
export class CryptoError extends CodedError {}

/** What went wrong with a context, a wallet or a registry. */
export class SecurityError extends CodedError {}

/** Why a text is not accepted as an API key. */
export class ValidationError extends CodedError {}

/** Why a chain of certificates is refused; `index` says which certificate, where that can be told. */
export class CertError extends CodedError {}

/** What went wrong with a replicated type. The text repeats nothing of what it holds. */
export class CrdtError extends CodedError {}

/** What went wrong in agreement: a proof that does not hold, an input out of place, a run that shows what must not be. */
export class ConsensusError extends CodedError {}

/** What went wrong with a vector, a text to count or a compressed payload. The text repeats nothing of them. */
export class EmbeddingError extends CodedError {}

/** A count that a `number` does not hold: a `RangeError` with a code. */
class CountError extends RangeError {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const CLASSES = {
  CertError, ConsensusError, CrdtError, CryptoError, EmbeddingError, RangeError: CountError, SecurityError, ValidationError,
};

for (const [name, type] of Object.entries(CLASSES)) {
  Object.defineProperty(type.prototype, 'name', { value: name, writable: true, configurable: true });
}

/** What the generated glue throws. */
export function makeError(name, code, message, index) {
  const error = new CLASSES[name](code, message);
  if (index !== undefined) error.index = index;
  return error;
}
