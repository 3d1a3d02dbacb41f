// The phone's own database: what waits to be sent, and the few facts that outlive a page.

/** Open it, made where there is none. */
export function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      const db = request.result;
      const frames = db.createObjectStore("frames", { keyPath: "position" });
      frames.createIndex("identity", ["bootId", "stream", "seq"], { unique: true });
      frames.createIndex("stream", "stream");
      db.createObjectStore("facts");
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => resolve(request.result);
  });
}

export function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => resolve(request.result);
  });
}

/** Wait until a transaction is on the disk. */
export function done(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onerror = () => reject(tx.error);
    tx.onabort = () => reject(tx.error ?? new DOMException("aborted", "AbortError"));
  });
}

export async function readFact<T>(db: IDBDatabase, name: string): Promise<T | undefined> {
  return (await asked(db.transaction("facts").objectStore("facts").get(name))) as T | undefined;
}

export async function writeFact(db: IDBDatabase, name: string, value: unknown): Promise<void> {
  const tx = db.transaction("facts", "readwrite", { durability: "strict" });
  if (value === undefined) tx.objectStore("facts").delete(name);
  else tx.objectStore("facts").put(value, name);
  await done(tx);
}
