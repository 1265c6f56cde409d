export interface ThumbnailCache {
  /** The kept picture, or what `make` gives, which is then kept. Several who ask at once share one `make`. */
  get(key: string, make: () => Promise<Buffer>): Promise<Buffer>;
}

/** Keeps the pictures asked for last, up to `limit` bytes together. */
export function createThumbnailCache(limit: number): ThumbnailCache {
  // A Map remembers the order of insertion, so its first key is the one not asked for the longest.
  const kept = new Map<string, Buffer>();
  const making = new Map<string, Promise<Buffer>>();
  let size = 0;

  function keep(key: string, bytes: Buffer): void {
    kept.set(key, bytes);
    size += bytes.length;
    for (const [oldest, old] of kept) {
      if (size <= limit) return;
      kept.delete(oldest);
      size -= old.length;
    }
  }

  return {
    async get(key, make) {
      const found = kept.get(key);
      if (found !== undefined) {
        kept.delete(key);
        kept.set(key, found);
        return found;
      }
      const underway = making.get(key);
      if (underway !== undefined) return underway;
      const made = make().finally(() => making.delete(key));
      making.set(key, made);
      const bytes = await made;
      keep(key, bytes);
      return bytes;
    },
  };
}
