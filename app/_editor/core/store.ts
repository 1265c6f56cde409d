/** A value that can be read at any time and says when it changed. `subscribe` returns its undo. */
export interface Readable<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

export interface Store<T> extends Readable<T> {
  /** Keeps silent when the value is the same object or equal primitive. */
  set(value: T): void;
  update(change: (value: T) => T): void;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  const store: Store<T> = {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    update: (change) => store.set(change(value)),
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
  return store;
}

/** Calls `listener` whenever one of the readables changes; returns the undo of all. */
export function subscribeAll(readables: readonly Readable<unknown>[], listener: () => void): () => void {
  const undos = readables.map((readable) => readable.subscribe(listener));
  return () => {
    for (const undo of undos) undo();
  };
}
