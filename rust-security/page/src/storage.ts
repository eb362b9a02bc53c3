/** The sealed file in this browser: one record in IndexedDB. */

/** What is kept. Times are milliseconds since 1970. */
export interface Kept {
  /** The wallet file, as it is downloaded. */
  json: string;
  /** When keys, settings or password were last changed. */
  changedAt: number;
  /** When the file was last downloaded, or the time of the import it came from; `null` for never. */
  downloadedAt: number | null;
}

const STORE = 'vault';
const KEY = 'file';

/** The record, or nothing. */
export async function read(): Promise<Kept | undefined> {
  return transact('readonly', (store) => store.get(KEY) as IDBRequest<Kept | undefined>);
}

/** Replaces the record in one step. When this resolves it is on disk, as far as the browser promises that. */
export async function write(kept: Kept): Promise<void> {
  await transact('readwrite', (store) => store.put(kept, KEY));
}

/** Removes the record. */
export async function remove(): Promise<void> {
  await transact('readwrite', (store) => store.delete(KEY));
}

async function transact<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' });
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('chrysalis-vault', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    // Another version of this page holds the database open.
    request.onblocked = () => reject(new DOMException('', 'VersionError'));
  });
}
