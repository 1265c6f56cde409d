import { join } from 'node:path';
import type { Arithmetic } from '../../../shared/contracts/recipe.ts';
import type { HouseImageManifest } from '../../catalog/manifest.ts';
import type { VerifiedPack } from '../../catalog/packs.ts';
import type { ModelSession } from '../../runtime/session.ts';
import type { SessionCache, SessionLease } from '../../runtime/session-cache.ts';
import { float32Tensor, floatData, int64Tensor } from '../../runtime/tensor.ts';
import { plainText } from '../../text/prompt-syntax.ts';
import { loadSequenceTokenizer } from '../../text/sequence-tokenizer.ts';
import type { RgbPicture } from '../image/picture.ts';
import { createBranchTrial } from '../branch-trial.ts';
import { PipelineError } from '../pipeline-error.ts';
import { denoiserFile } from './arithmetic.ts';
import { createBatchRunner } from './batch.ts';
import type { Jump } from './flow-map.ts';
import { openReferenceEncoder, type ReferenceStates } from './reference.ts';

/** What the denoiser is told besides x and t; the same for every guidance branch. */
export interface HouseConditioning {
  /** Number of the task, see HOUSE_TASKS. */
  readonly task: number;
  /** [3, n, n] in -1 … 1: source picture or control map; zeros when the task takes none. */
  readonly condition: Float32Array;
  /** [n, n]: 1 where the picture is unknown; zeros when the task takes none. */
  readonly mask: Float32Array;
  /** 0 … 1. */
  readonly strength: number;
}

/** Text states [length, width] of one prompt, after them those of a reference picture when one is followed. */
export type TextStates = Float32Array;

export interface DenoiseInput {
  /** x_t, [3, n, n]. */
  readonly x: Float32Array;
  /** Flow time = noise level, 0 … 1. */
  readonly t: number;
  /** Where the step goes and the guidance scale, for the flow map; null for the mean of x0. */
  readonly jump: Jump | null;
  /** One prediction is made for each. */
  readonly branches: readonly TextStates[];
  readonly conditioning: HouseConditioning;
}

/** Pixels of one plane. */
export interface PlaneSize {
  readonly width: number;
  readonly height: number;
}

/** A house image pack with its graphs open. */
export interface HouseImageModel {
  readonly manifest: HouseImageManifest;
  /** Identity of the weights, for the recipe. */
  readonly sha256: string;
  /** True when guidance branches go through the network together, because that was faster when measured. */
  readonly batchesGuidance: boolean;
  /** Returns the states of a prompt; brackets, weights and tags of the prompt language are left out of it. */
  encodePrompt(text: string): Promise<TextStates>;
  /** Returns what is followed of a reference picture. Throws PipelineError `unsupported` for a pack that has not learned to. */
  encodeReference(picture: RgbPicture): Promise<ReferenceStates>;
  /** Returns how many tokens at the end of a prompt are beyond what the encoder reads. */
  countUnread(text: string): number;
  /** Returns the predicted x0 of every branch, each [3, n, n]. */
  denoise(input: DenoiseInput): Promise<readonly Float32Array[]>;
  /** Enlarges planes [3, height, width] by the pack's scale. */
  upscale(planes: Float32Array, size: PlaneSize): Promise<Float32Array>;
  /** Gives the graphs back to the session cache. */
  close(): void;
}

/** A model that can serve several pictures with one run of its network. */
export interface SharedHouseImageModel extends HouseImageModel {
  /** Pictures that go through the network together, because that was faster when measured; 1 = one after the other. */
  readonly lanes: number;
  /** `denoise` for several pictures in one run: the predictions of each, in order. The same bits as one by one. */
  denoiseTogether(inputs: readonly DenoiseInput[]): Promise<readonly (readonly Float32Array[])[]>;
}

export interface OpenOptions {
  /** Runs every graph first and measures what goes faster together. */
  readonly warmUp: boolean;
  /** Decides about `lanes` without a measurement. */
  readonly lanes?: number;
  /** Exact where absent. */
  readonly arithmetic?: Arithmetic;
}

/** Prompts kept encoded; people change one word at a time and draw the same negative prompt again and again. */
const KEPT_PROMPTS = 64;

/**
 * Opens the graphs of a house image pack.
 *
 * `warmUp` runs them first, so that the first picture is as fast as the next, and measures on this device whether guidance
 * is faster with both branches together or one by one, and how many pictures are worth one run of the network; all of it
 * gives the same bits. Without it branches go together and pictures do not. Throws PipelineError `unsupported` for a pack
 * of another pipeline.
 */
export async function openHouseImageModel(
  pack: VerifiedPack,
  sessions: SessionCache,
  options: OpenOptions = { warmUp: true },
): Promise<SharedHouseImageModel> {
  const { manifest, folder, sha256 } = pack;
  if (manifest.pipeline !== 'house-image') {
    throw new PipelineError('unsupported', `${manifest.id} is not a house image pack`);
  }
  const tokenizer = await loadSequenceTokenizer(join(folder, manifest.text.tokenizer), manifest.text);
  const leases: SessionLease[] = [];
  const acquire = async (file: string): Promise<ModelSession> => {
    const lease = await sessions.acquire(join(folder, file));
    leases.push(lease);
    return lease.session;
  };
  const closeAll = (): void => {
    for (const lease of leases) {
      lease.release();
    }
  };

  try {
    const textEncoder = await acquire(manifest.components.textEncoder.file);
    const denoiser = await acquire(denoiserFile(manifest, options.arithmetic));
    const upscaler = await acquire(manifest.components.upscaler.file);
    const seeReference = await openReferenceEncoder(manifest, acquire);
    const prompts = new Map<string, TextStates>();
    // A request for several pictures brings the same reference with each.
    const references = new WeakMap<RgbPicture, ReferenceStates>();
    const size = manifest.nativeSize;
    const denoiseTogether = createBatchRunner(denoiser, { size, width: stateWidth(denoiser) });

    const encodePrompt = async (text: string): Promise<TextStates> => {
      const known = prompts.get(text);
      if (known !== undefined) {
        return known;
      }
      const ids = int64Tensor([1, manifest.text.length], tokenizer.encode(plainText(text)));
      const states = floatData(await textEncoder.runForOutput({ input_ids: ids }, 'last_hidden_state'));
      if (prompts.size >= KEPT_PROMPTS) {
        prompts.delete(prompts.keys().next().value ?? '');
      }
      prompts.set(text, states);
      return states;
    };

    const encodeReference = async (picture: RgbPicture): Promise<ReferenceStates> => {
      if (seeReference === null) {
        throw new PipelineError(
          'unsupported',
          `${manifest.name} has not learned to follow a reference picture.`,
        );
      }
      const known = references.get(picture);
      if (known !== undefined) return known;
      const states = await seeReference(picture);
      references.set(picture, states);
      return states;
    };

    const runDenoiser = async (input: DenoiseInput): Promise<readonly Float32Array[]> =>
      (await denoiseTogether([input]))[0];

    const runOneByOne = async (input: DenoiseInput): Promise<readonly Float32Array[]> => {
      const outs: Float32Array[] = [];
      for (const branch of input.branches) {
        outs.push(...(await runDenoiser({ ...input, branches: [branch] })));
      }
      return outs;
    };

    let batchesGuidance = true;
    let lanes = options.lanes ?? 1;
    if (options.warmUp) {
      const input = await warmUpInput(size, encodePrompt);
      const ways = { together: () => runDenoiser(input), 'one-by-one': () => runOneByOne(input) };
      const trial = createBranchTrial();
      while (!trial.settled) await trial.run(ways);
      batchesGuidance = trial.next === 'together';
      if (options.lanes === undefined && batchesGuidance) lanes = await measureLanes(denoiseTogether, input);
    }
    if (options.warmUp) {
      const planes = new Float32Array(3 * size * size);
      await upscaler.runForOutput({ sample: float32Tensor([1, 3, size, size], planes) }, 'out_sample');
    }

    return {
      manifest,
      sha256,
      batchesGuidance,
      lanes,
      denoiseTogether,
      encodePrompt,
      encodeReference,
      countUnread: (text) => tokenizer.countOverflow(plainText(text)),
      denoise: batchesGuidance ? runDenoiser : runOneByOne,
      async upscale(planes, { width, height }) {
        const sample = float32Tensor([1, 3, height, width], planes);
        return floatData(await upscaler.runForOutput({ sample }, 'out_sample'));
      },
      close: closeAll,
    };
  } catch (error) {
    closeAll();
    throw error;
  }
}

/** No more pictures than this go through the network together, whatever the gain: memory grows with each. */
const mostLanes = 8;
/** A picture must take this much less time for the next doubling; less is noise, and all would wait for it. */
const worthwhile = 0.85;

/** Returns how many pictures to evaluate at once: doubled for as long as each then takes clearly less time. */
async function measureLanes(
  together: (inputs: readonly DenoiseInput[]) => Promise<unknown>,
  input: DenoiseInput,
): Promise<number> {
  let best = 1;
  let eachMs = await fastest(() => together([input]));
  for (let lanes = 2; lanes <= mostLanes; lanes *= 2) {
    const inputs = Array.from({ length: lanes }, () => input);
    const ms = (await fastest(() => together(inputs))) / lanes;
    if (ms > eachMs * worthwhile) break;
    best = lanes;
    eachMs = ms;
  }
  return best;
}

/** Milliseconds of the fastest of three runs, after one that does not count. */
async function fastest(work: () => Promise<unknown>): Promise<number> {
  await work();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) best = Math.min(best, await time(work));
  return best;
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function warmUpInput(
  size: number,
  encodePrompt: (text: string) => Promise<TextStates>,
): Promise<DenoiseInput> {
  const states = await encodePrompt('');
  const planes = new Float32Array(3 * size * size);
  const conditioning = { task: 0, condition: planes, mask: new Float32Array(size * size), strength: 0 };
  return { x: planes, t: 1, jump: null, branches: [states, states], conditioning };
}

/** Numbers in one row of text states, by the graph's own metadata. */
function stateWidth(denoiser: ModelSession): number {
  const width = denoiser.inputs.find(({ name }) => name === 'encoder_hidden_states')?.shape.at(-1);
  if (typeof width === 'number') return width;
  throw new PipelineError('unsupported', 'the denoiser does not say how wide its text states are');
}
