import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProbeModel } from '../runtime/probe-model.ts';
import { concatBytes, encodeField } from '../runtime/protobuf.ts';
import { addPack, removePack } from './add-pack.ts';
import { listPacks, verifyPack } from './packs.ts';

let root = '';
let source = '';
let target = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gesso-add-'));
  source = join(root, 'source');
  target = join(root, 'models');
  mkdirSync(join(source, 'unet'), { recursive: true });
  mkdirSync(join(source, 'scheduler'));
  writeFileSync(join(source, 'model_index.json'), '{"_class_name":"DDPMPipeline"}');
  writeFileSync(join(source, 'scheduler/scheduler_config.json'), '{"_class_name":"DDIMScheduler"}');
  writeFileSync(join(source, 'unet/model.onnx'), createProbeModel());
  writeFileSync(join(source, 'notes.txt'), 'not needed');
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function add(changes: Partial<Parameters<typeof addPack>[0]> = {}) {
  return addPack({
    source,
    target,
    folders: [target],
    id: 'mine',
    name: 'Mine',
    version: '1',
    license: 'MIT',
    link: false,
    prove: async () => {},
    ...changes,
  });
}

/** A graph with one initializer whose bytes lie in another file. */
function createExternalModel(location: string): Uint8Array {
  const entry = concatBytes([encodeField(1, 'location'), encodeField(2, location)]);
  const tensor = concatBytes([encodeField(8, 'weight'), encodeField(13, entry), encodeField(14, 1)]);
  return concatBytes([
    encodeField(1, 8),
    encodeField(7, encodeField(5, tensor)),
    encodeField(8, encodeField(2, 13)),
  ]);
}

/** Leaves a socket in the folder; the server goes with the process. */
function listenAt(path: string): Promise<void> {
  return new Promise((resolve) => {
    const server = createServer();
    server.unref();
    server.listen(path, resolve);
  });
}

describe('addPack', () => {
  it('copies what is needed, verified, and lists it', async () => {
    const { pack, warnings } = await add();
    expect(warnings).toEqual([]);
    expect(pack.manifest).toMatchObject({ id: 'mine', pipeline: 'unconditional', layout: 'optimum' });
    expect(existsSync(join(target, 'mine/unet/model.onnx'))).toBe(true);
    expect(existsSync(join(target, 'mine/notes.txt'))).toBe(false);
    expect((await verifyPack(join(target, 'mine'))).sha256).toBe(pack.sha256);
    expect((await listPacks([target])).packs.map((entry) => entry.manifest.id)).toEqual(['mine']);
  });

  it('takes external weights that lie in the folder, as links when asked', async () => {
    writeFileSync(join(source, 'unet/model.onnx'), createExternalModel('weights.pb'));
    writeFileSync(join(source, 'unet/weights.pb'), 'weights');
    const { pack } = await add({ link: true });
    expect(pack.manifest.components).toMatchObject({
      unet: { data: [{ file: 'unet/weights.pb', bytes: 7 }] },
    });
  });

  it('leaves nothing behind when the trial run fails', async () => {
    const prove = () => Promise.reject(new Error('does not run'));
    await expect(add({ prove })).rejects.toThrow('does not run');
    expect(readdirSync(target)).toEqual([]);
  });

  it('clears what a run that was cut off left behind, but not one at work', async () => {
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    mkdirSync(join(target, '.adding-old'), { recursive: true });
    mkdirSync(join(target, '.adding-new'));
    utimesSync(join(target, '.adding-old'), yesterday, yesterday);
    await add();
    expect(readdirSync(target).toSorted((a, b) => a.localeCompare(b))).toEqual(['.adding-new', 'mine']);
  });

  it('refuses an id that is taken', async () => {
    await add();
    await expect(add()).rejects.toThrow(/already a model 'mine'/);
  });
});

describe('hostile folders', () => {
  const pickle = Uint8Array.of(0x80, 4, 0x95, 5, 0, 0, 0, 0, 0, 0, 0, 0x8c, 1, 0x61, 0x2e);
  const faults: readonly (readonly [string, () => void | Promise<void>, RegExp])[] = [
    [
      'a link',
      () => symlinkSync('/etc/hostname', join(source, 'unet/config.json')),
      /config\.json is a link/,
    ],
    ['a linked folder', () => symlinkSync('/etc', join(source, 'tokenizer')), /tokenizer is a link/],
    ['a socket', () => listenAt(join(source, 'socket')), /neither a file nor a folder/],
    [
      'a pickle named like a graph',
      () => writeFileSync(join(source, 'unet/model.onnx'), pickle),
      /is a pickle/,
    ],
    [
      'an old pickle',
      () => writeFileSync(join(source, 'a.bin'), 'cos\nsystem\n(Vecho\ntR.'),
      /a\.bin is a pickle/,
    ],
    [
      'a torch archive',
      () => writeFileSync(join(source, 'a.dat'), 'PK\u0003\u0004..............archive/data.pkl'),
      /a\.dat is a pickle/,
    ],
    [
      'a tensor header larger than its file',
      () => writeFileSync(join(source, 'a.safetensors'), new Uint8Array(16).fill(0x20)),
      /claims a header/,
    ],
    [
      'a graph cut short',
      () => writeFileSync(join(source, 'unet/model.onnx'), createProbeModel().subarray(0, 40)),
      /not an ONNX model/,
    ],
    [
      'a part with a name that no model has',
      () => {
        mkdirSync(join(source, 'ControlNet (canny)'));
        writeFileSync(join(source, 'ControlNet (canny)/model.onnx'), createProbeModel());
      },
      /ControlNet \(canny\) holds a graph.*rename it/,
    ],
    [
      'a length beyond any file',
      () =>
        writeFileSync(
          join(source, 'unet/model.onnx'),
          Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
        ),
      /not an ONNX model/,
    ],
    [
      'weights above the folder',
      () => writeFileSync(join(source, 'unet/model.onnx'), createExternalModel('../../weights.pb')),
      /outside the folder/,
    ],
    [
      'weights at an absolute path',
      () => writeFileSync(join(source, 'unet/model.onnx'), createExternalModel('/etc/passwd')),
      /outside the folder/,
    ],
    [
      'weights that are missing',
      () => writeFileSync(join(source, 'unet/model.onnx'), createExternalModel('weights.pb')),
      /does not have/,
    ],
    ['no index', () => rmSync(join(source, 'model_index.json')), /no model_index\.json/],
    [
      'an unknown scheduler',
      () => writeFileSync(join(source, 'scheduler/scheduler_config.json'), '{"_class_name":"X"}'),
      /_class_name is "X"/,
    ],
  ];
  it.each(faults)('are refused for %s', async (_name, spoil, message) => {
    await spoil();
    await expect(add()).rejects.toThrow(message);
    expect(existsSync(join(target, 'mine'))).toBe(false);
  });
});

describe('verifyPack', () => {
  it('notices a changed file, a missing one, and weights that nobody listed', async () => {
    await add();
    const graph = join(target, 'mine/unet/model.onnx');
    const good = createProbeModel();
    writeFileSync(
      graph,
      good.map((byte, i) => (i === good.length - 1 ? byte + 1 : byte)),
    );
    await expect(verifyPack(join(target, 'mine'))).rejects.toThrow(/has changed/);
    writeFileSync(graph, 'short');
    await expect(verifyPack(join(target, 'mine'))).rejects.toThrow(/is 5 bytes/);
    rmSync(graph);
    await expect(verifyPack(join(target, 'mine'))).rejects.toThrow(/missing/);
    writeFileSync(join(root, 'empty'), '');
    symlinkSync(join(root, 'empty'), graph);
    await expect(verifyPack(join(target, 'mine'))).rejects.toThrow(/is a link/);
  });

  it('refuses a manifest that points out of its folder', async () => {
    await add();
    const path = join(target, 'mine/model.json');
    const manifest = {
      ...(await listPacks([target])).packs[0].manifest,
      components: { unet: { file: '../x.onnx', sha256: '0'.repeat(64), bytes: 1 } },
    };
    writeFileSync(path, JSON.stringify(manifest));
    await expect(verifyPack(join(target, 'mine'))).rejects.toThrow(/relative path inside the pack/);
    expect((await listPacks([target])).broken).toHaveLength(1);
  });
});

describe('removePack', () => {
  it('removes an added pack and nothing else', async () => {
    await add();
    await expect(removePack('mine', { target: join(root, 'elsewhere'), folders: [target] })).rejects.toThrow(
      /cannot be removed/,
    );
    await removePack('mine', { target, folders: [target] });
    expect(readdirSync(target)).toEqual([]);
    await expect(removePack('mine', { target, folders: [target] })).rejects.toThrow(/no model pack 'mine'/);
  });
});
