import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addLora, findLora, listLoras } from './loras.ts';
import { readTensorIndex, readTensors } from './safetensors-file.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gesso-safetensors-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A file of the format with the header and the number of value bytes given. */
function write(name: string, header: unknown, values: Uint8Array, claimed?: bigint): string {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, claimed ?? BigInt(json.length), true);
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([Buffer.from(length.buffer), json, values]));
  return path;
}

const entry = (begin: number, end: number, changes = {}) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...changes,
});

describe('a safetensors file', () => {
  it('is read with its types, shapes, values and metadata', async () => {
    const values = new DataView(new ArrayBuffer(14));
    values.setFloat32(0, 1.5, true);
    values.setFloat32(4, -2, true);
    values.setUint16(8, 0x3c00, true);
    values.setUint16(10, 0xbfc0, true);
    const header = {
      __metadata__: { format: 'pt' },
      b: { dtype: 'F16', shape: [1], data_offsets: [8, 10] },
      a: entry(0, 8),
      c: { dtype: 'BF16', shape: [2, 1], data_offsets: [10, 14] },
    };
    const index = await readTensorIndex(write('good', header, new Uint8Array(values.buffer)));
    expect(index.metadata.get('format')).toBe('pt');
    const entries = ['a', 'b', 'c'].flatMap((name) => index.tensors.get(name) ?? []);
    const [a, b, c] = await readTensors(index.path, entries);
    expect([[...a], [...b], [...c]]).toEqual([[1.5, -2], [1], [-1.5, 0]]);
  });

  const hostile: readonly (readonly [string, unknown, number, bigint | undefined, RegExp])[] = [
    ['a header longer than the file', {}, 8, 1000n, /claims a header of 1000 bytes in a file of 18/],
    ['a header of 2^63 bytes', {}, 8, 2n ** 63n, /claims a header of 9223372036854775808 bytes/],
    ['no JSON', '{"a":', 4, undefined, /is not JSON/],
    ['a list for a header', [], 0, undefined, /not an object/],
    ['values beyond its end', { a: entry(0, 4_000_000) }, 8, undefined, /ends at byte 4\d+ of a file/],
    [
      'a size that overflows',
      { a: entry(0, 8, { shape: [2 ** 40, 2 ** 40] }) },
      8,
      undefined,
      /claims 8 bytes/,
    ],
    [
      'a shape that needs more',
      { a: entry(0, 8, { shape: [3] }) },
      8,
      undefined,
      /claims 8 bytes for shape \[3\]/,
    ],
    ['a negative size', { a: entry(0, 8, { shape: [-2] }) }, 8, undefined, /no valid shape/],
    ['backward offsets', { a: entry(0, 8, { data_offsets: [8, 0] }) }, 8, undefined, /claims -8 bytes/],
    [
      'a fractional offset',
      { a: entry(0, 8, { data_offsets: [0.5, 8.5] }) },
      9,
      undefined,
      /no valid offsets/,
    ],
    ['an unknown type', { a: entry(0, 8, { dtype: 'F31' }) }, 8, undefined, /type "F31"/],
    ['a type called __proto__', { a: entry(0, 8, { dtype: '__proto__' }) }, 8, undefined, /which the format/],
    ['overlapping tensors', { a: entry(0, 8), b: entry(4, 12) }, 12, undefined, /overlaps/],
    ['a gap between tensors', { a: entry(0, 4), b: entry(8, 12) }, 12, undefined, /leaves a gap/],
    ['bytes of no tensor', { a: entry(0, 4) }, 12, undefined, /8 bytes that belong to no tensor/],
  ];

  it.each(hostile)('with %s is refused', async (name, header, size, claimed, message) => {
    const path = write(name.replaceAll(' ', '-'), header, new Uint8Array(size), claimed);
    await expect(readTensorIndex(path)).rejects.toThrow(message);
    await expect(readTensorIndex(path)).rejects.toMatchObject({ code: 'unsafe' });
  });

  it('must be a regular file', async () => {
    const path = write('real', { a: entry(0, 4) }, new Uint8Array(4));
    symlinkSync(path, join(folder, 'link'));
    await expect(readTensorIndex(join(folder, 'link'))).rejects.toMatchObject({ code: 'unsafe' });
    mkdirSync(join(folder, 'folder'));
    await expect(readTensorIndex(join(folder, 'folder'))).rejects.toMatchObject({ code: 'unsafe' });
    await expect(readTensorIndex(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('the LoRA library', () => {
  const layer = (prefix: string) => ({
    [`${prefix}.lora_down.weight`]: entry(0, 16, { shape: [2, 2] }),
    [`${prefix}.lora_up.weight`]: entry(16, 32, { shape: [2, 2] }),
  });
  const add = (source: string, id: string) =>
    addLora({ source, target: join(folder, 'loras'), id, name: id, license: 'CC0-1.0' });

  it('finds a LoRA by the name a prompt gives it and says which there are', async () => {
    const source = write('My_Style v2.safetensors', layer('lora_unet_conv_in'), new Uint8Array(32));
    const added = await add(source, 'my-style-v2');
    expect(added.manifest).toMatchObject({ id: 'my-style-v2', layers: 1, base: null });
    const target = join(folder, 'loras');
    expect((await findLora('My_Style v2', target)).manifest.id).toBe('my-style-v2');
    await expect(findLora('zeppelin', target)).rejects.toThrow(/no LoRA 'zeppelin'; installed: my-style-v2/);
    await expect(add(source, 'my-style-v2')).rejects.toThrow(/already a LoRA/);
  });

  it('refuses a file without layers, and values that are not numbers, and keeps nothing of them', async () => {
    const before = (await listLoras(join(folder, 'loras'))).loras.length;
    const weights = write('weights', { 'unet.conv_in.weight': entry(0, 4) }, new Uint8Array(4));
    await expect(add(weights, 'weights')).rejects.toThrow(/holds no LoRA layers/);
    const broken = write('nan', layer('lora_unet_conv_in'), new Uint8Array(32).fill(0xff));
    await expect(add(broken, 'broken')).rejects.toThrow(/values that are not numbers/);
    const alphas = {
      ...layer('lora_unet_conv_in'),
      'lora_unet_conv_in.alpha': entry(32, 40, { shape: [2] }),
    };
    await expect(add(write('alphas', alphas, new Uint8Array(40)), 'alphas')).rejects.toThrow(
      /it is one value/,
    );
    const { loras, broken: faults } = await listLoras(join(folder, 'loras'));
    expect([loras.length, faults]).toEqual([before, []]);
  });
});
