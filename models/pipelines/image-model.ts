import type { Arithmetic, GenerationMode, ImageSolver } from '../../shared/contracts/recipe.ts';
import type { VerifiedPack } from '../catalog/packs.ts';
import type { SessionCache } from '../runtime/session-cache.ts';
import { parsePrompt } from '../text/prompt-syntax.ts';
import { openDiffusersImageModel } from './diffusers/image-model.ts';
import { createLanes, type Lane } from './house/lanes.ts';
import { type DenoiseInput, type HouseImageModel, openHouseImageModel } from './house/model.ts';
import { networkScale } from './house/upscale.ts';
import { generateImage } from './house-image.ts';
import { enlargeImage } from './house-upscale.ts';
import type { ImageEvent, ImageRequest } from './image-request.ts';
import { PipelineError } from './pipeline-error.ts';

/** Any pack that makes pictures, whatever its pipeline. */
export interface ImageModel {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** Identity of the weights, for the recipe. */
  readonly sha256: string;
  readonly defaults: ImageDefaults;
  /** What it does; a request for anything else fails with words. */
  readonly modes: readonly GenerationMode[];
  /** The scheduler class of a pack that brings its own; null where the request's solver decides. */
  readonly scheduler: string | null;
  /** How its network is computed. */
  readonly arithmetic: Arithmetic;
  /**
   * How many `generate` may run at the same time: more than 1 where pictures share runs of the network and each gets done
   * sooner for it.
   */
  readonly lanes: number;
  /** Returns how many tokens at the end of a prompt are beyond what the model reads. */
  countUnread(prompt: string): number;
  generate(request: ImageRequest, run: ImageRun): AsyncGenerator<ImageEvent>;
  /** Gives the graphs back to the session cache. */
  close(): void;
}

export interface ImageDefaults {
  readonly steps: number;
  readonly guidanceScale: number;
  /** Without meaning where the pack brings its own scheduler. */
  readonly solver: ImageSolver;
  /** Side of the square it was trained on, in pixels. */
  readonly side: number;
}

export interface ImageRun {
  readonly signal: AbortSignal;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/**
 * Opens a verified pack for making pictures. `warmUp` pays the first run's costs now. Throws PipelineError `unsupported` for an
 * arithmetic that the pack has no graph for.
 */
export async function openImageModel(
  pack: VerifiedPack,
  sessions: SessionCache,
  options: { readonly warmUp: boolean; readonly lanes?: number; readonly arithmetic?: Arithmetic },
): Promise<ImageModel> {
  const { manifest } = pack;
  const { arithmetic = 'exact' } = options;
  if (manifest.pipeline !== 'house-image') {
    if (arithmetic !== 'exact') {
      throw new PipelineError('unsupported', `${manifest.name} computes as it was exported, not in 8 bits.`);
    }
    return openDiffusersImageModel({ ...pack, manifest }, sessions);
  }
  const model = await openHouseImageModel(pack, sessions, options);
  const lanes = createLanes({
    most: model.lanes,
    run: (inputs) => model.denoiseTogether(inputs),
    now: () => performance.now(),
  });
  return {
    id: manifest.id,
    name: manifest.name,
    version: manifest.version,
    sha256: pack.sha256,
    defaults: {
      steps: manifest.defaults.steps,
      guidanceScale: manifest.defaults.guidanceScale,
      solver: manifest.defaults.solver,
      side: manifest.nativeSize * manifest.scale,
    },
    modes: [
      'text-to-image',
      'image-to-image',
      'inpaint',
      'extend',
      ...(manifest.tasks.includes('edit') ? ['instruct' as const] : []),
      ...(manifest.scale === networkScale ? ['upscale' as const] : []),
    ],
    scheduler: null,
    arithmetic,
    lanes: model.lanes,
    countUnread: (prompt) => model.countUnread(prompt),
    generate(request, run) {
      // No run of the core to share, and no words to say anything about.
      if (request.mode === 'upscale') return enlargeImage(request, { model, ...run });
      return noteLoras(
        request,
        model.lanes === 1
          ? generateImage(request, { model, ...run })
          : generateInLane(request, { model, lane: lanes.enter(), ...run }),
      );
    },
    close: () => model.close(),
  };
}

/** The house pack's networks have no names that a LoRA file could mean: says so instead of passing over the tag. */
function noteLoras({ prompt }: ImageRequest, events: AsyncGenerator<ImageEvent>): AsyncGenerator<ImageEvent> {
  const names = parsePrompt(prompt).loras.map(({ name }) => name);
  if (names.length === 0) return events;
  return withNotice(
    events,
    `LoRA files change models that you added, not this pack: ${names.join(', ')} had no effect.`,
  );
}

async function* withNotice(events: AsyncGenerator<ImageEvent>, notice: string): AsyncGenerator<ImageEvent> {
  for await (const event of events) {
    yield event.type === 'result' ? { ...event, notices: [notice] } : event;
  }
}

async function* generateInLane(
  request: ImageRequest,
  { lane, model, ...run }: ImageRun & { readonly lane: Lane; readonly model: HouseImageModel },
): AsyncGenerator<ImageEvent> {
  try {
    const shared = { ...model, denoise: (input: DenoiseInput) => lane.denoise(input) };
    for await (const event of generateImage(request, { model: shared, ...run })) {
      if (event.type === 'progress' && event.step === event.steps) lane.leave();
      if (event.type !== 'result') yield event;
      else yield { ...event, timings: { ...event.timings, othersMs: lane.othersMs } };
    }
  } finally {
    lane.leave();
  }
}
