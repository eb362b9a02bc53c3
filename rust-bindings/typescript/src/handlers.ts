import { CryptoError } from 'rust-security/pkg';

/** Handlers of events. What they throw is logged and stops nothing. */
export class Handlers<T extends { type: string }> {
  readonly #handlers = new Map<T['type'], Set<(event: T) => void>>();

  /** Adds a handler; the result removes it. */
  on(type: T['type'], handler: (event: T) => void): () => void {
    if (typeof handler !== 'function') throw new CryptoError('INVALID_ARGUMENT', 'Invalid argument: handler must be a function');
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler));
    return () => this.off(type, handler);
  }

  /** Removes a handler. */
  off(type: T['type'], handler: (event: T) => void): void {
    this.#handlers.get(type)?.delete(handler);
  }

  /** Calls the handlers of each event, in order. */
  dispatch(events: readonly T[]): void {
    for (const event of events) {
      for (const handler of [...(this.#handlers.get(event.type) ?? [])]) {
        try {
          handler(event);
        } catch (error) {
          // The name alone: a handler's message might quote what it was given.
          console.error(`a handler of ${event.type} threw ${error instanceof Error ? error.name : typeof error}`);
        }
      }
    }
  }

  /** Removes every handler. */
  clear(): void {
    this.#handlers.clear();
  }
}
