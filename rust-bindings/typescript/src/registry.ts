/** `ApiKeyRegistry`: who may use which key, without the keys. */
import * as raw from 'rust-security/pkg';
import type { KeyRegistryEvent, NewRegistryRecord, RegistryRecord } from 'rust-security/pkg';
import { Handlers } from './handlers.js';
import { ApiKeyWallet } from './wallet.js';

/** A record with its times as dates. */
export type ApiKeyRegistryRecord = Omit<RegistryRecord, 'createdAt' | 'expiresAt'> & { createdAt: Date; expiresAt?: Date };
export type NewApiKeyRegistryRecord = Omit<NewRegistryRecord, 'createdAt' | 'expiresAt'> & { createdAt?: Date; expiresAt?: Date };

/** Who may use a key without being listed: everybody, or nobody but the listed personas or agents. */
export type ApiKeyScope = RegistryRecord['scope'];
/** Who is told of a registry's events. */
export type KeyRegistryEventHandler = (event: KeyRegistryEvent) => void;

export class ApiKeyRegistry {
  readonly #registry = new raw.ApiKeyRegistry();
  readonly #handlers = new Handlers<KeyRegistryEvent>();

  /** Adds a record. */
  register(record: NewApiKeyRegistryRecord): void {
    // What is no record at all goes on as an empty one, to be refused there.
    const { createdAt, expiresAt, ...rest } = Object(record) as NewApiKeyRegistryRecord;
    const times = { createdAt: toMs(createdAt, 'createdAt'), expiresAt: toMs(expiresAt, 'expiresAt') };
    this.#registry.register({ ...rest, ...(times as { createdAt?: number; expiresAt?: number }) });
    this.#handlers.dispatch(this.#registry.take_events());
  }

  /** Removes a record, if there is one. */
  unregister(id: string): void {
    this.#registry.unregister(id);
    this.#handlers.dispatch(this.#registry.take_events());
  }

  get(id: string): ApiKeyRegistryRecord | undefined {
    const record = this.#registry.get(id);
    return record ? withDates(record) : undefined;
  }

  list(): ApiKeyRegistryRecord[] {
    return this.#registry.list().map(withDates);
  }

  findByProvider(provider: string): ApiKeyRegistryRecord[] {
    return this.#registry.find_by_provider(provider).map(withDates);
  }

  /** The records a persona may use: global ones and those that list it. */
  findAllowedForPersona(personaId: string): ApiKeyRegistryRecord[] {
    return this.#registry.find_allowed_for_persona(personaId).map(withDates);
  }

  /** The records an agent may use: global ones and those that list it. */
  findAllowedForAgent(agentId: string): ApiKeyRegistryRecord[] {
    return this.#registry.find_allowed_for_agent(agentId).map(withDates);
  }

  /** The keys a persona may use, by provider, from an open wallet. */
  async resolveKeysForPersona(wallet: ApiKeyWallet, personaId: string): Promise<Record<string, string>> {
    if (!(wallet instanceof ApiKeyWallet)) throw invalid('wallet must be an ApiKeyWallet');
    return this.#registry.resolve_keys_for_persona(wallet.raw, personaId);
  }

  /** Calls `handler` for every event of a type from here on; the result ends that. */
  on(type: KeyRegistryEvent['type'], handler: KeyRegistryEventHandler): () => void {
    return this.#handlers.on(type, handler);
  }

  off(type: KeyRegistryEvent['type'], handler: KeyRegistryEventHandler): void {
    this.#handlers.off(type, handler);
  }
}

let shared: ApiKeyRegistry | undefined;

/** A new registry. */
export function createApiKeyRegistry(): ApiKeyRegistry {
  return new ApiKeyRegistry();
}

/** The registry of this process. */
export function getApiKeyRegistry(): ApiKeyRegistry {
  return (shared ??= new ApiKeyRegistry());
}

function toMs(time: Date | undefined, name: string): number | undefined {
  if (time !== undefined && !(time instanceof Date)) throw invalid(`${name} must be a Date`);
  return time?.getTime();
}

function invalid(problem: string): raw.CryptoError {
  return new raw.CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}

function withDates({ createdAt, expiresAt, ...record }: RegistryRecord): ApiKeyRegistryRecord {
  const dated = { ...record, createdAt: new Date(createdAt) };
  return expiresAt === undefined ? dated : { ...dated, expiresAt: new Date(expiresAt) };
}
