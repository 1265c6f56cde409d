import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { readCanvas } from '../../../shared/document/canvas.ts';
import { contentHashSchema } from '../../../shared/document/schema.ts';
import { openTestWeb, type TestPerson, type TestWeb } from '../../testing/web-services.ts';
import { buildWorld, type World } from '../../testing/world.ts';
import { readCanvasState } from '../canvas-log/service.ts';
import { examplePack, readExamples } from './catalogue.ts';
import { listExamples, openExample, readCover } from './service.ts';

let web: TestWeb;
let owner: TestPerson;
let world: World;
beforeAll(async () => {
  web = await openTestWeb();
  owner = await web.signUp('Owner');
  const [viewer, editor, extra] = [
    await web.signUp('Viewer'),
    await web.signUp('Editor'),
    await web.signUp('Extra'),
  ];
  world = await buildWorld(web.services, { owner, viewer, editor, extra });
});
afterAll(() => web.close());

function open(exampleId: string, services = web.services): Promise<string> {
  const { organizationId, projectId } = world;
  return openExample(services, { exampleId, organizationId, projectId, userId: owner.userId });
}

async function readModel(canvasId: string) {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, await readCanvasState(web.services.database, canvasId));
  return readCanvas(doc);
}

async function countRows() {
  const { database } = web.services;
  return { canvases: await database.canvas.count(), assets: await database.asset.count() };
}

const examples = await readExamples();

test('the house pack has examples, each for something that it has learned', () => {
  expect(examples.length).toBeGreaterThanOrEqual(6);
  expect(new Set(examples.map(({ id }) => id)).size).toBe(examples.length);
});

test.each(examples.map((example) => [example.id, example] as const))(
  '%s opens whole: its prompt, every layer, every picture as the team’s',
  async (exampleId, example) => {
    const { database, storage } = web.services;
    const canvasId = await open(exampleId);
    const canvas = await readModel(canvasId);
    expect(canvas.prompt).toBe(example.prompt);
    expect(canvas.layers.map(({ id, kind, name }) => ({ id, kind, name }))).toEqual(
      example.layers.map(({ id, kind, name }) => ({ id, kind, name })),
    );
    expect(canvas.reference?.name).toBe(example.reference?.name);

    const { thumbnailHash } = await database.canvas.findUniqueOrThrow({ where: { id: canvasId } });
    const painted = canvas.layers.flatMap((layer) =>
      layer.kind === 'image' ? [layer.asset] : [...layer.tiles.values()],
    );
    const hashes = [thumbnailHash, canvas.reference?.asset ?? null, ...painted];
    for (const hash of new Set(hashes.filter((one) => one !== null))) {
      const { organizationId } = world;
      const asset = await database.asset.findUniqueOrThrow({
        where: { organizationId_hash: { organizationId, hash } },
      });
      expect((await storage.get(contentHashSchema.parse(asset.hash))).length).toBe(asset.bytes);
    }
  },
);

test('an example that there is not changes nothing', async () => {
  const before = await countRows();
  await expect(open('nothing-like-it')).rejects.toMatchObject({
    code: 'not_found',
    message: 'There is no such example.',
  });
  expect(await countRows()).toEqual(before);
});

test('when a picture cannot be stored there is neither a canvas nor a row', async () => {
  const { services } = web;
  const fresh = await services.database.organization.create({ data: { name: 'New', slug: 'new' } });
  let puts = 0;
  const storage = {
    ...services.storage,
    put: async (...args: Parameters<typeof services.storage.put>) => {
      puts += 1;
      if (puts === 3) throw new Error('the disk went away');
      await services.storage.put(...args);
    },
  };
  const before = await countRows();
  const request = { exampleId: 'repaint-a-part', organizationId: fresh.id, projectId: world.projectId };
  await expect(openExample({ ...services, storage }, { ...request, userId: owner.userId })).rejects.toThrow(
    'the disk went away',
  );
  expect(puts).toBe(3);
  expect(await countRows()).toEqual(before);
});

test('a card names a picture that is there, and no other file is given out', async () => {
  for (const { coverUrl } of await listExamples()) {
    const cover = await readCover(examplePack, coverUrl.split('/').at(-1) ?? '');
    expect(cover?.mediaType).toBe('image/webp');
    expect(cover?.bytes.subarray(0, 4).toString()).toBe('RIFF');
  }
  for (const file of ['../model.json', 'examples.json', 'lake-mask.png', 'nothing.webp', '']) {
    expect(await readCover(examplePack, file)).toBeNull();
  }
  expect(await readCover('../packs/house-image', 'castle.webp')).toBeNull();
});

test('an example whose task the pack lacks is not shown', async () => {
  const root = await mkdtemp(join(tmpdir(), 'gesso-examples-'));
  try {
    const folder = join(root, 'models/packs/small');
    await mkdir(join(folder, 'examples'), { recursive: true });
    const file = join('models/packs', examplePack, 'examples/examples.json');
    await writeFile(join(folder, 'examples/examples.json'), await readFile(file));
    expect(await readExamples('small', root)).toEqual([]);
    await writeFile(join(folder, 'model.json'), JSON.stringify({ tasks: ['text-to-image', 'scribble'] }));
    expect((await readExamples('small', root)).map(({ task }) => task)).toEqual(['scribble']);
  } finally {
    await rm(root, { recursive: true });
  }
});
