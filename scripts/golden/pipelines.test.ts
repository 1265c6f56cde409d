import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLevel } from './level.ts';
import { level } from './pipelines.ts';

const suite = path.join(import.meta.dirname, '../../models/fixtures/golden');
let dir = '';

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'gesso-golden-'));
  mkdirSync(path.join(dir, 'pipelines'));
  for (const shared of ['models', 'tokenizers'])
    symlinkSync(path.join(suite, shared), path.join(dir, shared));
});

afterAll(() => rmSync(dir, { recursive: true }));

/** Runs one case of the suite with its request changed, and returns what fails. */
async function runChanged(id: string, change: (request: Record<string, unknown>) => Record<string, unknown>) {
  const folder = path.join(dir, 'pipelines', id);
  cpSync(path.join(suite, 'pipelines', id), folder, { recursive: true });
  const file = path.join(folder, 'request.json');
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));
  try {
    return (await runLevel(level, dir)).failures;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function inScheduler(name: string, value: unknown) {
  return (request: Record<string, unknown>) => ({
    ...request,
    scheduler: { ...Object(request.scheduler), [name]: value },
  });
}

type Mutation = readonly [
  what: string,
  id: string,
  change: (request: Record<string, unknown>) => Record<string, unknown>,
];

const SOUNDS = ['audioldm2-0', 'audioldm2-2-eta'];
const CONTROLLED = ['sdxl-controlnet-guess', 'sdxl-controlnet-two-windows'];
const INPAINTED = ['sdxl-inpaint-9ch', 'sd3-inpaint-part', 'flux-inpaint'];

describe('the pipeline level', { timeout: 120_000 }, () => {
  it.each(['sd-txt2img-ddim-0', 'sd3-base', ...CONTROLLED, ...SOUNDS, ...INPAINTED])(
    'passes %s as it stands',
    async (id) => {
      expect(await runChanged(id, (request) => request)).toEqual([]);
    },
  );

  const mutations: Mutation[] = [
    ['guidance scale', 'sd-txt2img-ddim-0', (request) => ({ ...request, guidance_scale: 7.51 })],
    ['steps_offset', 'sd-txt2img-ddim-0', inScheduler('steps_offset', 0)],
    ['timestep_spacing', 'sd-txt2img-ddim-0', inScheduler('timestep_spacing', 'trailing')],
    ['shift', 'sd3-base', inScheduler('shift', 3.01)],
    ['seed', 'sd3-base', (request) => ({ ...request, seed: 1 })],
    ['prompt', 'sd3-base', (request) => ({ ...request, prompt: `${String(request.prompt)}.` })],
  ];
  mutations.push(
    ['prompt', 'audioldm2-0', (request) => ({ ...request, prompt: 'a dog barks thrice' })],
    ['negative prompt', 'audioldm2-0', (request) => ({ ...request, negative_prompt: 'low' })],
    ['guidance scale', 'audioldm2-0', (request) => ({ ...request, guidance_scale: 3.51 })],
    ['length', 'audioldm2-0', (request) => ({ ...request, audio_length_in_s: 1.59 })],
    ['guess mode', 'sdxl-controlnet-guess', (request) => ({ ...request, guess_mode: false })],
    [
      'range',
      'sdxl-controlnet-two-windows',
      (request) => ({ ...request, control_guidance_start: [0, 0.2], control_guidance_end: [0.6, 0.9] }),
    ],
    ['eta', 'audioldm2-2-eta', (request) => ({ ...request, eta: 0.61 })],
    ...INPAINTED.flatMap((id): Mutation[] => [
      ['strength', id, (request) => ({ ...request, strength: Number(request.strength) - 0.25 })],
      ['mask', id, (request) => ({ ...request, mask: { ...Object(request.mask), shape: [32, 128] } })],
    ]),
  );
  it.each(mutations)('fails when the %s of %s is another', async (_name, id, change) => {
    const failures = await runChanged(id, change);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/largest error|steps, expected|values, expected/);
  });
});
