import { join } from 'node:path';
import type { HouseImageManifest } from '../../catalog/manifest.ts';
import type { VerifiedPack } from '../../catalog/packs.ts';
import type { ModelSession } from '../../runtime/session.ts';
import type { SessionCache, SessionLease } from '../../runtime/session-cache.ts';
import { float32Tensor, floatData, type HostTensor, int64Tensor } from '../../runtime/tensor.ts';
import { plainText } from '../../text/prompt-syntax.ts';
import { loadSequenceTokenizer } from '../../text/sequence-tokenizer.ts';
import { PipelineError } from '../pipeline-error.ts';

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

/** Text states [length, width] of one prompt. */
export type TextStates = Float32Array;

export interface DenoiseInput {
  /** x_t, [3, n, n]. */
  readonly x: Float32Array;
  /** Flow time = noise level, 0 … 1. */
  readonly t: number;
  /** One prediction is made for each. */
  readonly branches: readonly TextStates[];
  readonly conditioning: HouseConditioning;
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
  /** Returns how many tokens at the end of a prompt are beyond what the encoder reads. */
  countUnread(text: string): number;
  /** Returns the predicted x0 of every branch, each [3, n, n]. */
  denoise(input: DenoiseInput): Promise<readonly Float32Array[]>;
  /** Enlarges planes [3, size, size] by the pack's scale. */
  upscale(planes: Float32Array, size: number): Promise<Float32Array>;
  /** Gives the graphs back to the session cache. */
  close(): void;
}

/** Prompts kept encoded; people change one word at a time and draw the same negative prompt again and again. */
const KEPT_PROMPTS = 64;

/**
 * Opens the graphs of a house image pack.
 *
 * `warmUp` runs them first, so that the first picture is as fast as the next, and measures whether guidance is faster with
 * both branches together or one by one on this device; both give the same bits. Without it they go together. Throws
 * PipelineError `unsupported` for a pack of another pipeline.
 */
export async function openHouseImageModel(
  pack: VerifiedPack,
  sessions: SessionCache,
  options: { readonly warmUp: boolean } = { warmUp: true },
): Promise<HouseImageModel> {
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
    const denoiser = await acquire(manifest.components.denoiser.file);
    const upscaler = await acquire(manifest.components.upscaler.file);
    const prompts = new Map<string, TextStates>();
    const size = manifest.nativeSize;

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

    const runDenoiser = async (input: DenoiseInput): Promise<readonly Float32Array[]> => {
      const count = input.branches.length;
      const feeds = denoiserFeeds(input, { size, length: manifest.text.length });
      const out = floatData(await denoiser.runForOutput(feeds, 'out_sample'));
      const each = out.length / count;
      return input.branches.map((_, i) => out.subarray(i * each, (i + 1) * each));
    };

    const runOneByOne = async (input: DenoiseInput): Promise<readonly Float32Array[]> => {
      const outs: Float32Array[] = [];
      for (const branch of input.branches) {
        outs.push(...(await runDenoiser({ ...input, branches: [branch] })));
      }
      return outs;
    };

    const batchesGuidance =
      !options.warmUp ||
      (await measureBatching(
        { together: runDenoiser, oneByOne: runOneByOne },
        await warmUpInput(size, encodePrompt),
      ));
    if (options.warmUp) {
      const planes = new Float32Array(3 * size * size);
      await upscaler.runForOutput({ sample: float32Tensor([1, 3, size, size], planes) }, 'out_sample');
    }

    return {
      manifest,
      sha256,
      batchesGuidance,
      encodePrompt,
      countUnread: (text) => tokenizer.countOverflow(plainText(text)),
      denoise: batchesGuidance ? runDenoiser : runOneByOne,
      async upscale(planes, side) {
        const sample = float32Tensor([1, 3, side, side], planes);
        return floatData(await upscaler.runForOutput({ sample }, 'out_sample'));
      },
      close: closeAll,
    };
  } catch (error) {
    closeAll();
    throw error;
  }
}

type Run = (input: DenoiseInput) => Promise<readonly Float32Array[]>;

/** Returns true when running two branches together takes less time than one after the other. */
async function measureBatching(
  ways: { readonly together: Run; readonly oneByOne: Run },
  input: DenoiseInput,
): Promise<boolean> {
  await ways.together(input);
  await ways.oneByOne(input);
  let together = Number.POSITIVE_INFINITY;
  let oneByOne = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    together = Math.min(together, await time(() => ways.together(input)));
    oneByOne = Math.min(oneByOne, await time(() => ways.oneByOne(input)));
  }
  return together < oneByOne;
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
  return { x: planes, t: 1, branches: [states, states], conditioning };
}

function denoiserFeeds(
  input: DenoiseInput,
  sizes: { readonly size: number; readonly length: number },
): Readonly<Record<string, HostTensor>> {
  const { size, length } = sizes;
  const { conditioning } = input;
  const count = input.branches.length;
  const width = input.branches[0].length / length;
  const states = new Float32Array(count * length * width);
  input.branches.forEach((branch, i) => {
    states.set(branch, i * length * width);
  });
  return {
    sample: float32Tensor([count, 3, size, size], repeat(input.x, count)),
    timestep: float32Tensor([count], new Float32Array(count).fill(input.t)),
    condition: float32Tensor([count, 3, size, size], repeat(conditioning.condition, count)),
    condition_mask: float32Tensor([count, 1, size, size], repeat(conditioning.mask, count)),
    task: int64Tensor([count], new Int32Array(count).fill(conditioning.task)),
    condition_strength: float32Tensor([count], new Float32Array(count).fill(conditioning.strength)),
    encoder_hidden_states: float32Tensor([count, length, width], states),
  };
}

function repeat(values: Float32Array, count: number): Float32Array {
  if (count === 1) {
    return values;
  }
  const out = new Float32Array(values.length * count);
  for (let i = 0; i < count; i += 1) {
    out.set(values, i * values.length);
  }
  return out;
}
