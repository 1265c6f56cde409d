import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { claimJob } from '../../../platform/queue/claim.ts';
import { type Listener, openListener } from '../../../platform/queue/listener.ts';
import { reportProgress } from '../../../platform/queue/progress.ts';
import { loseAttempt } from '../../../platform/queue/settle-failure.ts';
import { settleSuccess } from '../../../platform/queue/settle-success.ts';
import { onPool, openPool } from '../../../platform/queue/sql.ts';
import { beat, registerWorker, type WorkerRow } from '../../../platform/queue/workers.ts';
import { generationSettingsSchema } from '../../../shared/contracts/recipe.ts';
import { readCanvas, rootsOf } from '../../../shared/document/canvas.ts';
import { identityTransform, layerIdSchema, layerKeys } from '../../../shared/document/schema.ts';
import { openTestWeb, type TestPerson, type TestWeb } from '../../testing/web-services.ts';
import { buildWorld, type World } from '../../testing/world.ts';
import { appendUpdate } from '../canvas-log/service.ts';
import { eventHubOf, type FeedEvent } from './event-hub.ts';
import { followEvents } from './feed.ts';
import { costOf } from './plan.ts';
import { queueLimits } from './policy.ts';
import { queueClientOf } from './queue-client.ts';
import {
  cancelGeneration,
  type GenerationServices,
  getGeneration,
  listHistory,
  listQueue,
  requestGeneration,
  requestUpscale,
  retryGeneration,
  putFirst,
  runAgain,
  setPaused,
  setTrashed,
} from './service.ts';

let web: TestWeb;
let services: GenerationServices;
let pool: pg.Pool;
let worker: WorkerRow;
let session: Listener;
let world: World;
let people: Record<'viewer' | 'editor' | 'owner' | 'extra', TestPerson>;

beforeAll(async () => {
  web = await openTestWeb();
  const { database, assetLinks, log } = web.services;
  services = { database, databaseUrl: web.test.url, assetLinks, log };
  pool = openPool({ url: web.test.url, connections: 4, onError: () => undefined });
  worker = await registerWorker(onPool(pool), {
    hostname: 'w',
    pools: ['image'],
    packs: ['house-image'],
    device: 'cpu',
  });
  session = openListener({
    url: web.test.url,
    channels: [],
    onNotification: () => undefined,
    onError: () => undefined,
    prepare: async (client) => {
      await client.query('select pg_advisory_lock(4242, $1)', [worker.lockKey]);
    },
  });
  await session.whenLive();
  people = {
    viewer: await web.signUp('Vera'),
    editor: await web.signUp('Edda'),
    owner: await web.signUp('Oda'),
    extra: await web.signUp('Xan'),
  };
});

afterAll(async () => {
  await session.close();
  await pool.end();
  await web.close();
});

beforeEach(async () => {
  await pool.query(`update generation set state = 'cancelled' where state in ('queued', 'running')`);
  await pool.query(`delete from pgboss.job`).catch(() => undefined);
  world = await buildWorld(web.services, people);
  await beat(onPool(pool), worker.id, ['house-image']);
});

const asker = (who: keyof typeof people = 'editor') => ({
  userId: people[who].userId,
  organizationId: world.organizationId,
  canvasId: world.canvasId,
});
const plain = { settings: {}, maskLayerIds: [] };

async function claim() {
  const { boss } = await queueClientOf(web.test.url, services.log);
  const job = await claimJob({ boss, pool }, { queue: 'image.house-image', workerId: worker.id });
  if (job === null) throw new Error('nothing to claim');
  return { boss, job };
}

async function finish(): Promise<string> {
  const { boss, job } = await claim();
  const outcome = await settleSuccess({ boss, pool }, job, {
    generationId: job.generationId,
    outputs: [
      {
        id: `out-${job.generationId}`,
        index: 0,
        seed: 9,
        assetHash: world.assetHash,
        width: 256,
        height: 256,
        recipe: {},
      },
    ],
    assets: [],
    inputs: [{ role: 'source', assetHash: world.assetHash }],
    durationMs: 800,
  });
  expect(outcome).toBe('settled');
  return job.generationId;
}

async function putPicture(): Promise<void> {
  await putLayer('layer-1', { [layerKeys.kind]: 'image' });
}

/** Puts a layer that shows the team's picture in the frame. */
async function putLayer(id: string, own: Readonly<Record<string, unknown>>): Promise<void> {
  const doc = new Y.Doc();
  const layer = new Y.Map<unknown>();
  const values = {
    [layerKeys.position]: [null, 'a0'],
    [layerKeys.transform]: identityTransform,
    [layerKeys.asset]: world.assetHash,
    [layerKeys.size]: [256, 256],
    ...own,
  };
  for (const [key, value] of Object.entries(values)) layer.set(key, value);
  rootsOf(doc).layers.set(id, layer);
  const update = Y.encodeStateAsUpdate(doc);
  await appendUpdate(web.services.database, {
    canvasId: world.canvasId,
    epoch: 0,
    update,
    userId: people.editor.userId,
  });
}

function recipeWith(controls: readonly unknown[]): unknown {
  const settings = generationSettingsSchema.parse({
    mode: 'text-to-image',
    prompt: 'a fox',
    negativePrompt: '',
    seed: 9,
    width: 256,
    height: 256,
    steps: 4,
    guidanceScale: 3,
    solver: 'flow-euler',
    strength: 0.6,
  });
  return {
    ...settings,
    format: 'gesso-recipe/1',
    pack: { id: 'house-image', version: '1', sha256: 'a'.repeat(64) },
    source: null,
    mask: null,
    controls,
    canvas: null,
    worker: 'w',
    durationMs: 800,
    createdAt: '2026-11-23T12:00:00.000Z',
  };
}

const codeOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

describe('a request', () => {
  test('takes prompt and settings from the committed canvas, keeps its version, draws a seed, and waits in line', async () => {
    const made = await requestGeneration(services, asker(), { ...plain, settings: { count: 1, steps: 4 } });
    expect(made).toMatchObject({ state: 'queued', prompt: 'a fox', steps: 4, requestedBy: { name: 'Edda' } });
    expect(made.request).toMatchObject({
      mode: 'text-to-image',
      width: 256,
      height: 256,
      source: { kind: 'none' },
    });
    const version = await services.database.canvasVersion.findUniqueOrThrow({
      where: { id: made.canvasVersionId ?? '' },
    });
    const doc = new Y.Doc();
    Y.applyUpdate(doc, version.state);
    expect(readCanvas(doc).prompt).toBe('a fox');
    const again = await requestGeneration(services, asker(), plain);
    expect(again.canvasVersionId).toBe(made.canvasVersionId);
    expect(again.request?.seed).not.toBe(made.request?.seed);
  });

  test('from a picture: the mode follows the canvas, and its layers are lineage from the first moment', async () => {
    await putPicture();
    const made = await requestGeneration(services, asker(), { ...plain, settings: { strength: 0.4 } });
    expect(made.request).toMatchObject({ mode: 'image-to-image', strength: 0.4, source: { kind: 'canvas' } });
    expect(made.inputs).toMatchObject([{ role: 'layer', layerId: 'layer-1', hash: world.assetHash }]);
  });

  test('what is followed is asked for as it is on the canvas, costs its share, and is lineage', async () => {
    const control = { [layerKeys.kind]: 'control', [layerKeys.range]: [0, 0.5] };
    await putLayer('lines', { ...control, [layerKeys.map]: 'edge', [layerKeys.strength]: 0.7 });
    await putLayer('near', { ...control, [layerKeys.map]: 'depth' });
    await putLayer('hidden', { ...control, [layerKeys.map]: 'pose', [layerKeys.hidden]: true });
    const made = await requestGeneration(services, asker(), { ...plain, settings: { count: 1, steps: 4 } });
    expect(made.request).toMatchObject({
      mode: 'text-to-image',
      controls: [
        { kind: 'edge', strength: 0.7, range: [0, 0.5], source: { kind: 'layers', layerIds: ['lines'] } },
        { kind: 'depth', strength: 1, range: [0, 0.5], source: { kind: 'layers', layerIds: ['near'] } },
      ],
    });
    expect(new Set(made.inputs.map(({ role, layerId }) => `${role} ${layerId}`))).toEqual(
      new Set(['layer lines', 'layer near']),
    );
    if (made.request !== null) expect(costOf(made.request)).toBe(8);

    const { boss, job } = await claim();
    const sha256 = world.assetHash;
    const recipeControls = [
      { kind: 'edge', strength: 0.7, range: [0, 0.5], sha256 },
      { kind: 'depth', strength: 1, range: [0, 0.5], sha256: 'd'.repeat(64) },
    ];
    await settleSuccess({ boss, pool }, job, {
      generationId: job.generationId,
      outputs: [
        {
          id: `out-${job.generationId}`,
          index: 0,
          seed: 9,
          assetHash: sha256,
          width: 256,
          height: 256,
          recipe: recipeWith(recipeControls),
        },
      ],
      assets: [],
      inputs: [{ role: 'control', assetHash: sha256 }],
      durationMs: 800,
    });
    const done = await getGeneration(services, made.id);
    expect(done.inputs).toContainEqual(expect.objectContaining({ role: 'control', hash: sha256 }));
    expect(done.outputs[0]?.recipe?.controls).toEqual(recipeControls);

    await services.database.canvasVersion.deleteMany({ where: { canvasId: world.canvasId } });
    const again = { generationId: made.id, outputId: null, seed: 3, count: 1 };
    const rerun = await runAgain(services, asker(), again);
    expect(rerun.request?.controls.map(({ source }) => source)).toEqual([
      { kind: 'asset', asset: sha256 },
      { kind: 'asset', asset: 'd'.repeat(64) },
    ]);
  });

  test('a reference picture is followed again, and known as lineage, also when the canvas is gone', async () => {
    const made = await requestGeneration(services, asker(), { ...plain, settings: { count: 1 } });
    const { database } = services;
    const reference = { asset: world.assetHash, strength: 0.7 };
    // As a pack that lists references would have had it.
    await database.generation.update({
      where: { id: made.id },
      data: { request: { ...made.request, reference } },
    });
    await database.generationInput.create({
      data: { generationId: made.id, role: 'reference', assetHash: world.assetHash },
    });
    await database.canvasVersion.deleteMany({ where: { canvasId: world.canvasId } });
    const again = { generationId: made.id, outputId: null, seed: 3, count: 1 };
    const rerun = await runAgain(services, asker(), again);
    expect(rerun.request?.reference).toEqual(reference);
    expect(rerun.inputs).toMatchObject([{ role: 'reference', hash: world.assetHash }]);
  });

  test('more maps than can be followed at once are refused', async () => {
    const control = { [layerKeys.kind]: 'control', [layerKeys.map]: 'edge' };
    for (let i = 0; i < 9; i += 1) await putLayer(`lines-${i}`, control);
    expect(await codeOf(requestGeneration(services, asker(), plain))).toBe('bad_input');
  });

  test('a mode that contradicts the canvas is refused with a reason', async () => {
    const wanted = requestGeneration(services, asker(), { ...plain, settings: { mode: 'inpaint' } });
    await expect(wanted).rejects.toMatchObject({ code: 'bad_input', message: /no visible picture/ });
    await putPicture();
    expect(
      await codeOf(requestGeneration(services, asker(), { ...plain, settings: { mode: 'extend' } })),
    ).toBe('bad_input');
  });

  test('without a worker for it nothing is queued', async () => {
    const other = requestGeneration(services, asker(), { ...plain, settings: { pack: 'other' } });
    await expect(other).rejects.toMatchObject({ code: 'unavailable', fix: /house-image/ });
    await pool.query(`update worker set "heartbeatAt" = "heartbeatAt" - interval '1 minute'`);
    await expect(requestGeneration(services, asker(), plain)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await services.database.generation.count({ where: { state: 'queued' } })).toBe(0);
  });

  test('the line has room for so many of one person', async () => {
    const { organizationId } = world;
    await services.database.generation.createMany({
      data: Array.from({ length: queueLimits.perPerson }, () => ({
        organizationId,
        requestedById: people.editor.userId,
        pool: 'image',
        pack: 'house-image',
        request: {},
        prompt: '',
      })),
    });
    expect(await codeOf(requestGeneration(services, asker(), plain))).toBe('too_many');
    expect(await codeOf(requestGeneration(services, asker('owner'), plain))).toBe('done');
  });
});

describe('an enlargement', () => {
  const wanted = { layerId: layerIdSchema.parse('layer-1'), scale: 4 } as const;

  async function finishEnlarged(durationMs: number) {
    const { boss, job } = await claim();
    const size = { width: 1_024, height: 1_024 };
    const output = { id: `out-${job.generationId}`, index: 0, seed: 0, ...size };
    await settleSuccess({ boss, pool }, job, {
      generationId: job.generationId,
      outputs: [{ ...output, assetHash: world.assetHash, recipe: {} }],
      assets: [],
      inputs: [],
      durationMs,
    });
  }

  test('of a picture on the canvas waits in line, and what comes of it is owed to the canvas at the place of its layer', async () => {
    await services.database.asset.updateMany({
      where: { organizationId: world.organizationId, hash: world.assetHash },
      data: { width: 256, height: 256 },
    });
    await putLayer('layer-1', { [layerKeys.kind]: 'image', [layerKeys.transform]: [8, 9, 2, 2, 90] });
    const made = await requestUpscale(services, asker(), wanted);
    expect(made).toMatchObject({ state: 'queued', outputs: [] });
    expect(made.request).toMatchObject({
      mode: 'upscale',
      scale: 4,
      width: 1_024,
      height: 1_024,
      source: { kind: 'assets', source: world.assetHash, mask: null },
    });
    expect(made.inputs).toMatchObject([{ role: 'layer', layerId: 'layer-1', hash: world.assetHash }]);
    expect(made.canvasVersionId).not.toBeNull();
    await finishEnlarged(2_000);
    const [owed] = await services.database.canvasOutbox.findMany({ where: { canvasId: world.canvasId } });
    expect(owed?.payload).toMatchObject({
      placement: { transform: [8, 9, 0.5, 0.5, 90], above: 'layer-1' },
      outputs: [{ width: 1_024, height: 1_024 }],
    });

    // Another enlargement takes as long a pixel. Counted with the others, it would make a step of theirs take two seconds.
    const estimateOf = async (id: string) =>
      (await services.database.generation.findUniqueOrThrow({ where: { id } })).estimateMs;
    const half = { ...wanted, scale: 2 } as const;
    expect(await estimateOf((await requestUpscale(services, asker(), half)).id)).toBe(2_000);
    await finishEnlarged(2_000);
    const pictures = { ...plain, settings: { mode: 'text-to-image', count: 1, steps: 8 } } as const;
    await requestGeneration(services, asker(), pictures);
    await finish();
    const next = await requestGeneration(services, asker(), pictures);
    expect(await estimateOf(next.id)).toBeLessThan(4_000);

    const again = { generationId: made.id, outputId: null, seed: 'same', count: null } as const;
    const rerun = await runAgain(services, asker(), again);
    expect(rerun.request).toMatchObject({ ...made.request });
  });

  test('of what is not there, or would be too large, is refused', async () => {
    expect(await codeOf(requestUpscale(services, asker(), wanted))).toBe('bad_input');
    await putPicture();
    await services.database.asset.updateMany({
      where: { organizationId: world.organizationId, hash: world.assetHash },
      data: { width: 2_000, height: 1_500 },
    });
    await expect(requestUpscale(services, asker(), wanted)).rejects.toMatchObject({
      code: 'bad_input',
      fix: expect.stringContaining('Enlarge it ×2, or make it smaller first.'),
    });
  });
});

describe('after it', () => {
  test('[Q12] the queue shows place and estimate to every member, and the history what came of it', async () => {
    await requestGeneration(services, asker(), { ...plain, settings: { count: 1, steps: 8 } });
    const done = await finish();
    await requestGeneration(services, asker(), { ...plain, settings: { count: 1, steps: 8 } });
    await requestGeneration(services, asker('owner'), { ...plain, settings: { count: 1, steps: 8 } });
    const caller = {
      organizationId: world.organizationId,
      userId: people.viewer.userId,
      role: 'viewer' as const,
    };
    const queue = await listQueue(services, caller);
    expect(queue.map((item) => item.place)).toMatchObject([
      { state: 'queued', position: 1, isServed: true, startsInMs: 0 },
      { state: 'queued', position: 2, isServed: true },
    ]);
    const second = queue[1]?.place;
    expect(second?.state === 'queued' ? second.startsInMs : null).toBeGreaterThan(0);
    expect(queue.map((item) => item.mayCancel)).toEqual([false, false]);

    const query = {
      ...caller,
      canvasId: null,
      requestedById: null,
      text: null,
      state: null,
      trashed: false,
      after: null,
    };
    const page = await listHistory(services, { ...query, limit: 2 });
    expect(page.items).toHaveLength(2);
    const rest = await listHistory(services, { ...query, limit: 2, after: page.nextCursor });
    const all = [...page.items, ...rest.items].map((item) => item.id);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toContain(done);
    const found = await getGeneration(services, done);
    expect(found.outputs[0]?.url).toMatch(/^\/api\/assets\//);
    expect(found.inputs).toMatchObject([{ role: 'source', hash: world.assetHash }]);
  });

  test('run again: same request and version, named seed, the picture it came from as parent', async () => {
    await putPicture();
    const first = await requestGeneration(services, asker(), { ...plain, settings: { seed: 5, count: 2 } });
    await finish();
    const output = (await getGeneration(services, first.id)).outputs[0];
    const again = await runAgain(services, asker(), {
      generationId: first.id,
      outputId: output?.id ?? '',
      seed: 'same',
      count: null,
    });
    expect(again.request).toMatchObject({
      seed: 9,
      count: 1,
      mode: 'image-to-image',
      parentOutputId: output?.id,
    });
    expect(again.canvasVersionId).toBe(first.canvasVersionId);
    expect(again.inputs.map((input) => input.role).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'layer',
      'parent',
    ]);

    await services.database.canvasVersion.deleteMany({ where: { canvasId: world.canvasId } });
    const gone = await runAgain(services, asker(), {
      generationId: first.id,
      outputId: null,
      seed: 3,
      count: 1,
    });
    expect(gone.request?.source).toEqual({ kind: 'assets', source: world.assetHash, mask: null });
  });

  test('[Q6] retry puts a poisoned generation in line again, and only what failed', async () => {
    const made = await requestGeneration(services, asker(), plain);
    expect(await codeOf(retryGeneration(services, asker(), made.id))).toBe('conflict');
    for (let crash = 0; crash < 3; crash += 1) {
      const { boss, job } = await claim();
      await loseAttempt({ boss, pool }, job, { generationId: made.id, why: 'test', isCrash: true });
    }
    expect(await getGeneration(services, made.id)).toMatchObject({
      state: 'failed',
      error: { code: 'internal' },
    });
    await retryGeneration(services, asker(), made.id);
    expect(await finish()).toBe(made.id);
  });

  test('cancel: who asked or an owner; a second time is a conflict', async () => {
    const { id } = await requestGeneration(services, asker('owner'), plain);
    const edda = { userId: people.editor.userId, role: 'editor' as const };
    expect(await codeOf(cancelGeneration(services, edda, id))).toBe('not_allowed');
    const oda = { userId: people.owner.userId, role: 'owner' as const };
    expect(await codeOf(cancelGeneration(services, oda, id))).toBe('done');
    expect(await codeOf(cancelGeneration(services, oda, id))).toBe('conflict');
  });

  test('[Q17] pause and resume: who asked or an owner, and only what waits', async () => {
    const { id } = await requestGeneration(services, asker('owner'), plain);
    const edda = { userId: people.editor.userId, role: 'editor' as const };
    const oda = { userId: people.owner.userId, role: 'owner' as const };
    const set = (caller: typeof edda | typeof oda, isPaused: boolean) =>
      codeOf(setPaused(services, caller, { generationId: id, isPaused }));
    expect(await set(edda, true)).toBe('not_allowed');
    expect(await set(oda, false)).toBe('conflict');
    expect(await set(oda, true)).toBe('done');
    expect(await set(oda, true)).toBe('conflict');
    const placeOf = async () => {
      const queue = await listQueue(services, { ...oda, organizationId: world.organizationId });
      return queue.find((item) => item.generation.id === id)?.place.state;
    };
    expect(await placeOf()).toBe('paused');
    // In front of the paused one there is no line to stand in.
    expect(await codeOf(putFirst(services, id))).toBe('conflict');
    expect(await set(oda, false)).toBe('done');
    expect(await placeOf()).toBe('queued');
  });

  test('[Q18] an editor may put anybody’s request of the team first', async () => {
    await requestGeneration(services, asker(), plain);
    const { id } = await requestGeneration(services, asker('owner'), plain);
    await putFirst(services, id);
    const caller = { userId: people.editor.userId, role: 'editor' as const };
    const queue = await listQueue(services, { ...caller, organizationId: world.organizationId });
    expect(queue[0]?.generation.id).toBe(id);
    expect((await claim()).job.generationId).toBe(id);
  });

  test('trash and back', async () => {
    const { id } = await requestGeneration(services, asker(), plain);
    const change = { generationId: id, outputId: null, deletedAt: new Date() };
    expect(await codeOf(setTrashed(services, change))).toBe('conflict');
    await finish();
    await setTrashed(services, change);
    const query = {
      organizationId: world.organizationId,
      canvasId: null,
      requestedById: null,
      text: null,
      state: null,
      after: null,
      limit: 9,
    };
    const ids = async (trashed: boolean) =>
      (await listHistory(services, { ...query, trashed })).items.map((item) => item.id);
    expect(await ids(false)).not.toContain(id);
    expect(await ids(true)).toContain(id);
    await setTrashed(services, { ...change, deletedAt: null });
    expect(await ids(false)).toContain(id);
  });
});

describe('events', () => {
  test('[Q9] members hear queued, progress and settled of their team alone, until they lose access', async () => {
    let isMember = true;
    const leave = new AbortController();
    const { organizationId, canvasId } = world;
    const heard: FeedEvent[] = [];
    const feed = followEvents({
      hub: eventHubOf(web.test.url, services.log),
      organizationId,
      userId: people.viewer.userId,
      canvasId,
      mayStillRead: () => Promise.resolve(isMember),
      signal: leave.signal,
    });
    const reading = (async () => {
      for await (const event of feed) heard.push(event);
    })();
    await expect.poll(() => heard.map((event) => event.kind)).toContain('resync');
    const mine = await requestGeneration(services, asker(), plain);
    const elsewhere = world;
    world = await buildWorld(web.services, people);
    await requestGeneration(services, asker(), plain);
    world = elsewhere;
    const { boss, job } = await claim();
    await reportProgress(pool, job, { step: 1, steps: 8, remainingMs: 10, preview: null });
    await loseAttempt({ boss, pool }, job, { generationId: job.generationId, why: 'x', isCrash: false });
    await finish();
    const kinds = () => heard.flatMap((event) => (event.kind === 'resync' ? [] : [event.kind]));
    await expect.poll(kinds).toContain('settled');
    expect(kinds()).toEqual(expect.arrayContaining(['queued', 'progress', 'settled']));
    expect(heard.every((event) => event.kind === 'resync' || event.generationId === mine.id)).toBe(true);

    isMember = false;
    await pool.query(`select pg_notify('access_changed', $1)`, [
      JSON.stringify({ organizationId, userId: people.viewer.userId }),
    ]);
    await reading;
  });
});
