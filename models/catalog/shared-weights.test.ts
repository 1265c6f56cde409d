import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createProbeModel } from '../runtime/probe-model.ts';
import { concatBytes, encodeField } from '../runtime/protobuf.ts';
import { houseImageManifestSchema, listHashedFiles } from './manifest.ts';
import { verifyPack } from './packs.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gesso-shared-weights-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A graph with one initializer whose bytes lie in another file. */
function createExternalModel(location: string): Uint8Array {
  const entry = concatBytes([encodeField(1, 'location'), encodeField(2, location)]);
  const tensor = concatBytes([encodeField(8, 'weight'), encodeField(13, entry), encodeField(14, 1)]);
  const opset = encodeField(2, 13);
  return concatBytes([encodeField(1, 8), encodeField(7, encodeField(5, tensor)), encodeField(8, opset)]);
}

function write(file: string, bytes: Uint8Array | string) {
  writeFileSync(join(folder, file), bytes);
  return { file, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}

/** A house pack whose two denoisers take their weights from `location`; model.json lists `denoiser.weights` for both. */
function writePack(weights: string, location = 'denoiser.weights') {
  const data = [write('denoiser.weights', weights)];
  const other = write('other.onnx', createProbeModel());
  write('tokenizer.json', '{}');
  const manifest = {
    id: 'two-graphs',
    name: 'Two graphs',
    version: '1',
    license: 'MIT',
    kind: 'image',
    pipeline: 'house-image',
    nativeSize: 64,
    scale: 4,
    prediction: 'sample',
    schedule: { family: 'flow' },
    defaults: { steps: 8, guidanceScale: 3, solver: 'flow-euler' },
    text: { tokenizer: 'tokenizer.json', length: 32, padId: 0 },
    components: {
      textEncoder: other,
      denoiser: { ...write('denoiser.onnx', createExternalModel('denoiser.weights')), data },
      denoiserInt8: { ...write('denoiser-int8.onnx', createExternalModel(location)), data },
      upscaler: other,
    },
    tasks: ['text-to-image'],
    vocabulary: 'vocabulary.json',
  };
  writeFileSync(join(folder, 'model.json'), JSON.stringify(manifest));
  return houseImageManifestSchema.parse(manifest);
}

it('weights that two graphs share are listed once, and belong to the identity of the pack', async () => {
  const manifest = writePack('weights');
  const files = listHashedFiles(manifest).map(({ file }) => file);
  expect(files.filter((file) => file === 'denoiser.weights')).toHaveLength(1);
  expect(files).toContain('denoiser-int8.onnx');
  const { sha256 } = await verifyPack(folder);
  expect((await verifyPack(folder)).sha256).toBe(sha256);
  writePack('others!');
  expect((await verifyPack(folder)).sha256).not.toBe(sha256);
});

it('weights that were changed, or that model.json does not list, make the pack unusable', async () => {
  writePack('weights');
  writeFileSync(join(folder, 'denoiser.weights'), 'weightz');
  await expect(verifyPack(folder)).rejects.toThrow(/denoiser\.weights has changed/);
  writePack('weights', 'elsewhere.weights');
  await expect(verifyPack(folder)).rejects.toThrow(/'elsewhere\.weights', which model\.json does not list/);
});

it('a graph that says two things of one file is not believed', async () => {
  const manifest = writePack('weights');
  const { denoiserInt8 } = manifest.components;
  const data = [{ file: 'denoiser.weights', sha256: '0'.repeat(64), bytes: 7 }];
  const components = { ...manifest.components, denoiserInt8: { ...denoiserInt8, data } };
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...manifest, components }));
  await expect(verifyPack(folder)).rejects.toThrow(/denoiser\.weights has changed/);
});
