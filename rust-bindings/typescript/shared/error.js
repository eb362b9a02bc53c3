// The classes of everything the packages throw. Each package exports its own.

class CodedError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

/** What went wrong: `code` is stable and is what to branch on, `message` is for people and holds no secret. */
export class CryptoError extends CodedError {}

for (const type of [CryptoError]) {
  Object.defineProperty(type.prototype, 'name', { value: type.name, writable: true, configurable: true });
}
