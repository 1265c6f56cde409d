import { cp, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUSE_PACKS_FOLDER, verifyPack } from '../../models/catalog/packs.ts';
import { judge } from '../../models/evaluation/composition.ts';
import { openSceneParser } from '../../models/evaluation/scene-parser.ts';
import { openImageModel } from '../../models/pipelines/image-model.ts';
import { openDevice } from '../../models/runtime/device.ts';
import { measureComposition } from './composition.ts';
import { loadPrompts } from './fixtures.ts';
import { run } from './main.ts';

const pack = join(HOUSE_PACKS_FOLDER, 'house-image');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gesso-evaluate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('gesso evaluate with the house pack', () => {
  it('reads the composer’s own pictures nearly without mistakes', async () => {
    const device = await openDevice({ threads: 1 });
    const parser = await openSceneParser(pack, device.sessions);
    const { asked, scenes } = await loadPrompts();
    const readings = await parser.read(scenes.slice(0, 120));
    const verdicts = readings.map((reading, i) => judge(asked[i], reading, parser.manifest));
    const share = (aspect: 'object' | 'object and its colour' | 'objects and relation' | 'background') => {
      const spoken = verdicts.filter((verdict) => verdict[aspect] !== undefined);
      return spoken.filter((verdict) => verdict[aspect] === true).length / spoken.length;
    };
    parser.close();
    await device.sessions.close();
    expect(asked).toHaveLength(1000);
    expect(share('object')).toBeGreaterThan(0.85);
    expect(share('object and its colour')).toBeGreaterThan(0.8);
    expect(share('objects and relation')).toBeGreaterThan(0.85);
    expect(share('background')).toBeGreaterThan(0.95);
  });

  it('measures a few prompts and writes the results and the page', async () => {
    const out = join(folder, 'out');
    expect(
      await run([pack, '--prompts', '10', '--steps', '2', '--only', 'composition,enlarge', '--out', out]),
    ).toBe(0);
    const results: unknown = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
    expect(results).toMatchObject({
      pack: { id: 'house-image' },
      settings: { prompts: 10, steps: 2 },
      sections: [{ title: 'Composition' }, {}, { title: 'Alignment with the prompt' }, { title: 'Enlarge' }],
    });
    expect(await readFile(join(out, 'index.html'), 'utf8')).toContain('<h2>Composition</h2>');
    expect((await stat(join(out, 'pictures/0-0-0.webp'))).size).toBeGreaterThan(100);
  });

  it('compares with the composed pictures that there are', async () => {
    const device = await openDevice({ threads: 1 });
    const verified = await verifyPack(pack);
    const parser = await openSceneParser(pack, device.sessions);
    const model = await openImageModel(verified, device.sessions, { warmUp: false });
    const { asked, scenes } = await loadPrompts();
    const bench = {
      model,
      manifest: verified.manifest,
      parser,
      clip: null,
      steps: 1,
      guidanceScale: 1,
      signal: new AbortController().signal,
      progress: () => undefined,
    };
    const [all] = await measureComposition(bench, asked.slice(0, 12), scenes.slice(0, 3));
    model.close();
    parser.close();
    await device.sessions.close();
    // The first three prompts all name a place; the first with a number of things comes later.
    expect(all.rows.find(({ name }) => name === 'background')?.composed).toBe(1);
    expect(all.rows.find(({ name }) => name === 'object and number')?.composed ?? null).toBe(null);
  });

  it('says that a pack without a parser cannot be read', async () => {
    const bare = join(folder, 'bare');
    await cp(pack, bare, { recursive: true });
    await rm(join(bare, 'scene-parser.json'));
    const out = join(folder, 'nothing');
    expect(await run([bare, '--prompts', '10', '--out', out])).toBe(2);
    await expect(stat(out)).rejects.toThrow();
  });
});
