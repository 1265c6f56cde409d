import type { ContentHash } from '../../../shared/document/schema.ts';
import { createStore, type Readable } from '../core/store.ts';

/** A picture of the asset store on its way to the screen. */
export type Picture =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly url: string; readonly image: HTMLImageElement }
  | { readonly state: 'failed' };

export interface PictureStore {
  /** The picture as far as it is loaded; asking for one starts loading it. */
  get(hash: ContentHash): Picture;
  /** Starts again what failed. */
  retry(): void;
  /** Puts in a picture whose pixels are here already, such as one just uploaded. */
  put(hash: ContentHash, image: HTMLImageElement): void;
  /** A number that grows whenever a picture arrives or fails. */
  readonly revision: Readable<number>;
  destroy(): void;
}

/** Signed addresses expire; a picture that fails is asked for this often with a fresh one before it counts as failed. */
const mostTries = 3;
/** Hashes asked for in one call. */
const mostAtOnce = 100;

/**
 * Loads pictures by content hash. Requests of one moment are resolved together; a picture is kept for as long as the
 * canvas is open, since its hash never means another one.
 */
export function createPictureStore(options: {
  readonly resolve: (hashes: readonly ContentHash[]) => Promise<Readonly<Record<string, string>>>;
  readonly load: (url: string) => Promise<HTMLImageElement>;
}): PictureStore {
  const pictures = new Map<ContentHash, Picture>();
  const tries = new Map<ContentHash, number>();
  const revision = createStore(0);
  let wanted: ContentHash[] = [];
  let isDestroyed = false;

  function want(hash: ContentHash): void {
    pictures.set(hash, { state: 'loading' });
    if (wanted.length === 0) queueMicrotask(flush);
    wanted.push(hash);
  }

  function settle(hash: ContentHash, picture: Picture): void {
    if (isDestroyed) return;
    pictures.set(hash, picture);
    revision.update((count) => count + 1);
  }

  function flush(): void {
    const hashes = wanted;
    wanted = [];
    for (let at = 0; at < hashes.length; at += mostAtOnce) void resolveAll(hashes.slice(at, at + mostAtOnce));
  }

  async function resolveAll(hashes: readonly ContentHash[]): Promise<void> {
    let urls: Readonly<Record<string, string>>;
    try {
      urls = await options.resolve(hashes);
    } catch {
      urls = {};
    }
    await Promise.all(hashes.map((hash) => loadOne(hash, urls[hash])));
  }

  async function loadOne(hash: ContentHash, url: string | undefined): Promise<void> {
    if (url !== undefined) {
      try {
        settle(hash, { state: 'ready', url, image: await options.load(url) });
        return;
      } catch {
        // Tried again below with a fresh address.
      }
    }
    const count = (tries.get(hash) ?? 0) + 1;
    tries.set(hash, count);
    if (count < mostTries && !isDestroyed) want(hash);
    else settle(hash, { state: 'failed' });
  }

  return {
    revision,
    get(hash) {
      const known = pictures.get(hash);
      if (known !== undefined) return known;
      want(hash);
      return { state: 'loading' };
    },
    retry() {
      for (const [hash, picture] of pictures) {
        if (picture.state !== 'failed') continue;
        tries.delete(hash);
        want(hash);
      }
      revision.update((count) => count + 1);
    },
    put(hash, image) {
      settle(hash, { state: 'ready', url: image.src, image });
    },
    destroy() {
      isDestroyed = true;
    },
  };
}
