import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPack } from '../catalog/add-pack.ts';
import { listPacks } from '../catalog/packs.ts';
import { type Device, openDevice } from '../runtime/device.ts';
import { proveDiffusersPack } from './prove.ts';

const golden = join(import.meta.dirname, '../fixtures/golden');

let device: Device;
let root = '';

beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  root = mkdtempSync(join(tmpdir(), 'gesso-prove-'));
});

afterAll(async () => {
  await device.sessions.close();
  rmSync(root, { recursive: true });
});

/** An AudioLDM 2 folder as an exporter leaves it, with its tokenizers in it. */
function audioFolder(name: string): string {
  const folder = join(root, `source-${name}`);
  cpSync(join(golden, 'models/audioldm2'), folder, { recursive: true });
  for (const [part, from] of [
    ['tokenizer', 'roberta'],
    ['tokenizer_2', 't5'],
  ]) {
    rmSync(join(folder, part), { recursive: true });
    cpSync(join(golden, 'tokenizers', from), join(folder, part), { recursive: true });
  }
  return folder;
}

function add(id: string, source: string) {
  const target = join(root, 'models');
  return addPack({
    source,
    target,
    folders: [target],
    id,
    name: id,
    version: '1',
    license: 'MIT',
    link: false,
    async prove(verified) {
      const { manifest } = verified;
      if (manifest.pipeline === 'house-image') throw new Error('not a folder in the diffusers layout');
      await proveDiffusersPack({ ...verified, manifest }, device.sessions, new AbortController().signal);
    },
  });
}

describe('adding an AudioLDM 2 folder', () => {
  it('recognises it, makes a short sound with it, and lists it', async () => {
    const { pack, warnings } = await add('sounds', audioFolder('sounds'));
    expect(warnings).toEqual([]);
    expect(pack.manifest).toMatchObject({ pipeline: 'audioldm2', kind: 'audio' });
    const { packs } = await listPacks([join(root, 'models')]);
    expect(packs.map(({ manifest }) => manifest.id)).toEqual(['sounds']);
  });

  it('names the part that is missing', async () => {
    const source = audioFolder('mute');
    rmSync(join(source, 'vocoder'), { recursive: true });
    await expect(add('mute', source)).rejects.toThrow(/AudioLDM2Pipeline needs vocoder\/model\.onnx/);
  });

  it('refuses it when a part does not fit the others', async () => {
    const source = audioFolder('odd');
    const config = { model_in_dim: 24, sampling_rate: 160, upsample_rates: [4, 2] };
    writeFileSync(join(source, 'vocoder/config.json'), JSON.stringify(config));
    await expect(add('odd', source)).rejects.toThrow(/A trial run of audioldm2 failed: .*spectrogram/);
  });
});
