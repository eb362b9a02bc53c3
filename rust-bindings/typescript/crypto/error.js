/** What went wrong: `code` is stable and is what to branch on, `message` is for people and holds no secret. */
export class CryptoError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

Object.defineProperty(CryptoError.prototype, 'name', { value: 'CryptoError', writable: true, configurable: true });
