import { describe, expect, it } from 'vitest';
import { type ContentHash, contentHashSchema } from '../../shared/document/schema.ts';
import { type AssetStore, hashBytes } from './port.ts';

export interface StoreUnderTest {
  readonly store: AssetStore;
  /** Flips one bit of the stored file, behind the store's back. */
  damage(hash: ContentHash): Promise<void>;
}

/** How every asset store behaves. `open` gives an empty one. */
export function describeAssetStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as an asset store`, () => {
    it('gives back exactly the bytes it was given', async () => {
      const { store } = await open();
      for (const bytes of [new Uint8Array(0), bytesOf(1), bytesOf(300_000)]) {
        const hash = hashBytes(bytes);
        await store.put(hash, bytes);
        expect(await store.has(hash)).toBe(true);
        expect(Buffer.compare(await store.get(hash), bytes)).toBe(0);
      }
    });

    it('keeps one copy of what is stored twice, also at once', async () => {
      const { store } = await open();
      const bytes = bytesOf(10_000);
      const hash = hashBytes(bytes);
      await Promise.all(Array.from({ length: 8 }, () => store.put(hash, bytes)));
      await store.put(hash, bytes);
      expect(await namesOf(store)).toEqual([hash]);
    });

    it('refuses bytes under the hash of others, and stores nothing', async () => {
      const { store } = await open();
      const hash = hashBytes(bytesOf(10));
      await expect(store.put(hash, bytesOf(11))).rejects.toMatchObject({ code: 'bad_input' });
      expect(await store.has(hash)).toBe(false);
      expect(await namesOf(store)).toEqual([]);
    });

    it('says not_found for what it does not have', async () => {
      const { store } = await open();
      const hash = hashBytes(bytesOf(5));
      expect(await store.has(hash)).toBe(false);
      await expect(store.get(hash)).rejects.toMatchObject({ code: 'not_found' });
      await store.remove(hash);
    });

    it('forgets what is removed and nothing else', async () => {
      const { store } = await open();
      const [one, two] = [bytesOf(100), bytesOf(200)];
      await store.put(hashBytes(one), one);
      await store.put(hashBytes(two), two);
      await store.remove(hashBytes(one));
      expect(await store.has(hashBytes(one))).toBe(false);
      expect(await namesOf(store)).toEqual([hashBytes(two)]);
    });

    it('lists every file with its size and time', async () => {
      const { store } = await open();
      const sizes = [3, 30, 300];
      for (const size of sizes) await store.put(hashBytes(bytesOf(size)), bytesOf(size));
      const found = await Array.fromAsync(store.list());
      expect(found.map((file) => file.bytes).sort((a, b) => a - b)).toEqual(sizes);
      for (const file of found)
        expect(Math.abs(Date.now() - file.storedAt.getTime())).toBeLessThan(3_600_000);
    });

    it('notices a flipped bit when it reads', async () => {
      const { store, damage } = await open();
      const bytes = bytesOf(50_000);
      const hash = hashBytes(bytes);
      await store.put(hash, bytes);
      await damage(hash);
      await expect(store.get(hash)).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('has changed on disk'),
      });
    });

    it('lets no name that is not a hash become a path', async () => {
      const { store } = await open();
      for (const text of hostileNames) {
        const hash = disguise(text);
        await expect(store.get(hash)).rejects.toThrow();
        await expect(store.has(hash)).rejects.toThrow();
        await expect(store.remove(hash)).rejects.toThrow();
        await expect(store.put(hash, bytesOf(1))).rejects.toThrow();
      }
    });
  });
}

const digits = 'a'.repeat(64);
const hostileNames = [
  '',
  '.',
  '..',
  '../../etc/passwd',
  `../${digits}`,
  `${digits}/..`,
  `${digits}\n`,
  `${digits}\0`,
  `${digits}/../../x`,
  '/etc/passwd',
  'C:\\Windows',
  '\\\\host\\share',
  '%2e%2e%2f',
  '..%c0%af',
  digits.toUpperCase(),
  digits.slice(1),
  `${digits}a`,
  'drafts',
];

/** A string with the type of a hash that it is not, as a bug elsewhere might pass on. */
function disguise(text: string): ContentHash {
  const real = contentHashSchema.parse(digits);
  const box: { hash: ContentHash } = { hash: real };
  Object.assign(box, { hash: text });
  return box.hash;
}

/** `length` bytes that differ from those of every other length. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + length) & 0xff);
}

async function namesOf(store: AssetStore): Promise<readonly ContentHash[]> {
  return (await Array.fromAsync(store.list())).map((file) => file.hash);
}
