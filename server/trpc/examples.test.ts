import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import { generationRequestSchema } from '../../shared/contracts/generation.ts';
import { readCanvas } from '../../shared/document/canvas.ts';
import { readCanvasState } from '../features/canvas-log/service.ts';
import { type Example, readExamples } from '../features/examples/catalogue.ts';
import { planRequest } from '../features/generations/plan.ts';
import { readAbilities } from '../features/packs/service.ts';
import { call } from '../testing/call.ts';
import { openTestWeb, type TestPerson, type TestWeb } from '../testing/web-services.ts';
import { buildWorld, type World } from '../testing/world.ts';

let web: TestWeb;
let editor: TestPerson;
let world: World;
beforeAll(async () => {
  web = await openTestWeb();
  editor = await web.signUp('Editor');
  const owner = await web.signUp('Owner');
  world = await buildWorld(web.services, {
    owner,
    editor,
    viewer: await web.signUp('V'),
    extra: await web.signUp('X'),
  });
});
afterAll(() => web.close());

/** What Generate does on a canvas, by what the example is there to show. */
function expectedMode({ task, layers }: Example): string {
  if (task === 'edit') return 'instruct';
  if (task !== 'inpaint') return 'text-to-image';
  return layers.some(({ kind }) => kind === 'mask') ? 'inpaint' : 'extend';
}

test.each((await readExamples()).map((example) => [example.id, example] as const))(
  'an editor opens %s, and Generate has a whole request to send',
  async (exampleId, example) => {
    const input = { projectId: world.projectId, exampleId };
    const { cookie } = editor;
    const answer = await call(web.services, { path: 'examples.open', type: 'mutation', input, cookie });
    const { canvasId } = z.object({ canvasId: z.string() }).parse(answer.data);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await readCanvasState(web.services.database, canvasId));
    const canvas = readCanvas(doc);

    const abilities = await readAbilities(canvas.settings.pack);
    const choices = { settings: {}, maskLayerIds: [] };
    const { request, inputs } = planRequest(canvas, choices, { randomSeed: 7, abilities });
    expect(generationRequestSchema.safeParse(request).error).toBeUndefined();
    expect(request.mode).toBe(expectedMode(example));
    const maps = example.layers.flatMap((layer) => (layer.kind === 'control' ? [layer.map] : []));
    expect(request.controls.map(({ kind }) => kind)).toEqual([...new Set(maps)]);
    expect(request.reference === null).toBe(example.reference === undefined);

    const named = new Set(inputs.flatMap(({ assetHash }) => assetHash ?? []));
    const { organizationId } = world;
    const rows = await web.services.database.asset.count({
      where: { organizationId, hash: { in: [...named] } },
    });
    expect(rows).toBe(named.size);
  },
);
