import type { DiffusersManifest } from '../../catalog/manifest.ts';
import { loraFolderBeside } from '../../catalog/loras.ts';
import type { VerifiedPack } from '../../catalog/packs.ts';
import { readScheduler } from '../../core/config/read.ts';
import { TorchGenerator } from '../../core/random/torch-generator.ts';
import type { SessionCache } from '../../runtime/session-cache.ts';
import { usualImageGuidanceScale } from '../../../shared/contracts/recipe.ts';
import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { checkRequestPictures } from '../check-request.ts';
import { cropPicture, type PaddedFrame, padPicture, padToMultiple } from '../image/padding.ts';
import { type RgbPicture, toBytes, toFloatPicture, toSignedPlanes } from '../image/picture.ts';
import { resizePicture } from '../image/resize.ts';
import { fillFromOutside, pasteIntoSource } from '../image/seam.ts';
import type { ImageModel, ImageRun } from '../image-model.ts';
import type { ImageEvent, ImageRequest, ImageTimings } from '../image-request.ts';
import { withoutLoras } from '../../text/prompt-syntax.ts';
import { PipelineError } from '../pipeline-error.ts';
import { toPictures } from './decoded-pictures.ts';
import { chooseControlNets, readControlNets } from './control-kinds.ts';
import { runFlux } from './flux.ts';
import { runInstructEdit } from './instruct-edit.ts';
import { runLatentConsistency } from './latent-consistency.ts';
import type { LatentResult, RunContext, StepEvent } from './latent-loop.ts';
import { fitPreviewMap, type PreviewMap, previewLatents } from './latent-preview.ts';
import { configNumber, type ModelFolder, openModelFolder, seesMask } from './model-folder.ts';
import { createPromptLoras } from './prompt-loras.ts';
import type { ControlRequest } from './open-controls.ts';
import { embedReference } from './reference.ts';
import { runStableDiffusion3 } from './stable-diffusion-3.ts';
import { runStableDiffusion, type StableDiffusionRequest } from './stable-diffusion.ts';
import { runStableDiffusionXl } from './stable-diffusion-xl.ts';

type Pipeline = DiffusersManifest['pipeline'];
type Events = AsyncGenerator<StepEvent | LatentResult>;

/** Steps and guidance that each family is usually run with, and the step in which its sizes go. */
const HABITS: Partial<
  Readonly<Record<Pipeline, { steps: number; guidanceScale: number; multiple: number }>>
> = {
  'stable-diffusion': { steps: 20, guidanceScale: 7.5, multiple: 64 },
  'stable-diffusion-inpaint': { steps: 20, guidanceScale: 7.5, multiple: 64 },
  'stable-diffusion-edit': { steps: 20, guidanceScale: 7.5, multiple: 64 },
  'stable-diffusion-xl': { steps: 25, guidanceScale: 5, multiple: 64 },
  'stable-diffusion-3': { steps: 28, guidanceScale: 5, multiple: 16 },
  'latent-consistency': { steps: 4, guidanceScale: 8.5, multiple: 64 },
  flux: { steps: 20, guidanceScale: 3.5, multiple: 16 },
};

const MODES: Partial<Readonly<Record<Pipeline, readonly ImageRequest['mode'][]>>> = {
  'stable-diffusion': ['text-to-image', 'image-to-image', 'inpaint', 'extend'],
  'stable-diffusion-inpaint': ['inpaint', 'extend'],
  'stable-diffusion-edit': ['instruct'],
  'stable-diffusion-xl': ['text-to-image', 'image-to-image', 'inpaint', 'extend'],
  'stable-diffusion-3': ['text-to-image', 'image-to-image', 'inpaint', 'extend'],
  'latent-consistency': ['text-to-image', 'image-to-image'],
  flux: ['text-to-image', 'image-to-image', 'inpaint', 'extend'],
};

/** Of a network that wants a mask and a masked picture among its channels. */
const MASKED_MODES: readonly ImageRequest['mode'][] = ['inpaint', 'extend'];

const MODE_NAMES: Readonly<Record<ImageRequest['mode'], string>> = {
  'text-to-image': 'text to image',
  'image-to-image': 'image to image',
  inpaint: 'inpainting',
  extend: 'extending a picture',
  instruct: 'editing by instruction',
  upscale: 'enlarging a picture',
};

/**
 * Opens a pack of the diffusers layout for making pictures from prompts written in the prompt language. Sizes are rounded
 * up to what the network takes and cut back. Throws PipelineError `unsupported` for a family that makes no pictures from text.
 */
export async function openDiffusersImageModel(
  pack: VerifiedPack & { readonly manifest: DiffusersManifest },
  sessions: SessionCache,
): Promise<ImageModel> {
  const { manifest } = pack;
  const habits = HABITS[manifest.pipeline];
  const known = MODES[manifest.pipeline];
  if (habits === undefined || known === undefined) {
    throw new PipelineError(
      'unsupported',
      `${manifest.name} (${manifest.pipeline}) does not make pictures from a prompt.`,
    );
  }
  const folder = openModelFolder({ folders: [pack.folder], sessions });
  const { scheduler } = readScheduler(await folder.readSchedulerConfig('scheduler'));
  const denoiser = await folder.open(folder.has('unet') ? 'unet' : 'transformer');
  const modes = seesMask(denoiser) ? MASKED_MODES : known;
  const promptLoras = createPromptLoras({
    packFolder: pack.folder,
    modelName: manifest.name,
    loras: loraFolderBeside(pack.folder),
    sessions,
    folder,
  });
  const nets = followsMaps(manifest)
    ? await readControlNets(pack.folder, Object.keys(manifest.components))
    : [];
  const takesResiduals = denoiser.session.hasInput('mid_block_additional_residual');
  let previewMap: PreviewMap | null = null;

  async function* generate(request: ImageRequest, run: ImageRun): AsyncGenerator<ImageEvent> {
    checkRequestPictures(request);
    if (!modes.includes(request.mode)) {
      const does = modes.map((mode) => MODE_NAMES[mode]).join(', ');
      throw new PipelineError(
        'unsupported',
        `${manifest.name} does not do ${MODE_NAMES[request.mode]}; it does ${does}.`,
      );
    }
    const controlNets = chooseControlNets(
      request.controls.map(({ kind }) => kind),
      { name: manifest.name, nets, takesResiduals },
    );
    const started = run.now();
    let denoised = started;
    const frame = padToMultiple(request.width, request.height, habits?.multiple ?? 64);
    const changed = await promptLoras.open(request);
    // The plain graphs may now be closed if the changed ones need their room.
    if (changed) folder.close();
    const loras = changed && { loras: changed.applied, notices: changed.notices };
    let evaluations = 0;
    try {
      const prompt = withoutLoras(request.prompt);
      const context = { folder: changed?.folder ?? folder, signal: run.signal };
      const parts = { frame, manifest, context, controlNets };
      for await (const event of await start({ ...request, prompt }, parts)) {
        switch (event.type) {
          case 'step': {
            evaluations += 1;
            denoised = run.now();
            const { step, steps, shape, latents: data } = event;
            const preview = shape.length === 4 ? () => previewLatents({ shape, data }, previewMap) : null;
            yield { type: 'progress', step, steps, preview };
            break;
          }
          case 'result': {
            previewMap ??=
              event.latents.shape.length === 4 ? fitPreviewMap(event.latents, event.decoded) : null;
            const painted = pasteIntoSource(toAskedSize(event.decoded, frame), request);
            const { width, height, data: rgb } = painted;
            const timings = timingsOf({ started, denoised, finished: run.now(), evaluations });
            yield { type: 'result', width, height, rgb, timings, ...loras };
            return;
          }
        }
      }
    } finally {
      changed?.folder.close();
    }
  }

  return {
    id: manifest.id,
    name: manifest.name,
    version: manifest.version,
    sha256: pack.sha256,
    defaults: {
      steps: habits.steps,
      guidanceScale: habits.guidanceScale,
      solver: 'flow-euler',
      side: Math.min(configNumber(denoiser.config, 'sample_size', 64) * (await readScale(folder)), 1024),
    },
    modes,
    scheduler: scheduler.className,
    arithmetic: 'exact',
    lanes: 1,
    // Long prompts are read in chunks.
    countUnread: () => 0,
    generate,
    close: () => folder.close(),
  };
}

/** Families whose pipeline takes an IP-Adapter. */
function followsReferences({ pipeline }: DiffusersManifest): boolean {
  return pipeline === 'stable-diffusion' || pipeline === 'stable-diffusion-inpaint';
}

/** Families whose pipeline takes control networks. */
function followsMaps(manifest: DiffusersManifest): boolean {
  return followsReferences(manifest) || manifest.pipeline === 'stable-diffusion-xl';
}

async function readScale(folder: ModelFolder): Promise<number> {
  const { config } = await folder.open('vae_decoder');
  const blocks = config.block_out_channels;
  return Array.isArray(blocks) ? 2 ** (blocks.length - 1) : 8;
}

interface StartParts {
  readonly frame: PaddedFrame;
  readonly manifest: DiffusersManifest;
  readonly context: RunContext;
  /** One for each map of the request. */
  readonly controlNets: readonly string[];
}

async function start(request: ImageRequest, parts: StartParts): Promise<Events> {
  const { frame, manifest, context, controlNets } = parts;
  const { folder } = context;
  const schedulerConfig = await folder.readSchedulerConfig('scheduler');
  const { scheduler } = readScheduler(schedulerConfig);
  const { prompt, negativePrompt } = request;
  const text = { prompt, negativePrompt };
  const texts = { prompts: [prompt], negativePrompts: [negativePrompt] };
  const known = knownPixels(request);
  const source = known === null ? undefined : toTensor(padPicture(toFloatPicture(known, 3), frame));
  const shared = {
    width: frame.outerWidth,
    height: frame.outerHeight,
    steps: request.steps,
    guidanceScale: request.guidanceScale,
    scheduler,
    rng: new TorchGenerator(request.seed),
    promptSyntax: 'weighted' as const,
    source,
    strength: request.mode === 'extend' ? 1 : request.strength,
  };
  const mask = maskTensor(request, frame);
  const maps = { controls: controlInputs(request, frame), controlNets };
  if (request.reference !== undefined && !followsReferences(manifest)) {
    throw new PipelineError('unsupported', `${manifest.name} follows no reference picture.`);
  }
  switch (manifest.pipeline) {
    case 'stable-diffusion':
    case 'stable-diffusion-inpaint':
      return runStableDiffusion(
        {
          ...shared,
          ...texts,
          ...maps,
          mask,
          reference: await referenceOf(request, parts),
        },
        context,
      );
    case 'stable-diffusion-edit':
      if (source === undefined) {
        throw new PipelineError('bad-input', 'An edit needs a source picture.');
      }
      return runInstructEdit(
        {
          ...shared,
          ...texts,
          source,
          imageGuidanceScale: request.imageGuidanceScale ?? usualImageGuidanceScale,
        },
        context,
      );
    case 'stable-diffusion-xl':
      return runStableDiffusionXl({ ...shared, ...text, ...maps, mask }, context);
    case 'stable-diffusion-3':
      return runStableDiffusion3({ ...shared, ...text, mask, maxSequenceLength: 256, useT5: true }, context);
    case 'latent-consistency':
      return runLatentConsistency({ ...shared, ...texts }, context);
    case 'flux':
      return runFlux({ ...shared, ...text, mask, schedulerConfig, maxSequenceLength: 256 }, context);
    case 'stable-diffusion-upscale':
    case 'stable-video':
    case 'stable-audio':
    case 'audioldm2':
    case 'unconditional':
      throw new PipelineError('unsupported', `${manifest.name} does not make pictures from a prompt.`);
  }
}

/** Maps stretched over the frame, as [1, 3, H, W] in 0 … 1. */
function controlInputs(request: ImageRequest, frame: PaddedFrame): ControlRequest['controls'] {
  return request.controls.map(({ picture, strength, range: [start, end] }) => {
    const sized = resizePicture(toFloatPicture(picture, 3), request.width, request.height);
    const signed = toSignedPlanes(padPicture(sized, frame));
    const map = float32Tensor(
      [1, 3, frame.outerHeight, frame.outerWidth],
      signed.map((value) => value * 0.5 + 0.5),
    );
    return { map, scale: strength, start, end };
  });
}

async function referenceOf(
  { reference }: ImageRequest,
  { manifest, context }: StartParts,
): Promise<StableDiffusionRequest['reference']> {
  if (reference === undefined) return undefined;
  const embeds = await embedReference(reference.picture, { name: manifest.name, folder: context.folder });
  return { embeds, scale: reference.strength };
}

/** The source; where a canvas has no pixels yet, their nearest neighbours, so that the encoder sees no black edge. */
function knownPixels({ mode, source, mask }: ImageRequest): RgbPicture | null {
  return mode === 'extend' && source !== null && mask !== null ? fillFromOutside(source, mask) : source;
}

function maskTensor(request: ImageRequest, frame: PaddedFrame): HostTensor | undefined {
  if (request.mask === null || (request.mode !== 'inpaint' && request.mode !== 'extend')) {
    return undefined;
  }
  const padded = padPicture(toFloatPicture(request.mask, 1), frame);
  return float32Tensor(
    [1, 1, frame.outerHeight, frame.outerWidth],
    padded.data.map((value) => (value > 0 ? 1 : 0)),
  );
}

function toTensor(picture: Parameters<typeof toSignedPlanes>[0]): HostTensor {
  return float32Tensor([1, 3, picture.height, picture.width], toSignedPlanes(picture));
}

function toAskedSize(decoded: HostTensor, frame: PaddedFrame): RgbPicture {
  const { shape, data } = toPictures({ shape: decoded.shape, data: floatData(decoded) });
  const [, height, width] = shape;
  const cut = cropPicture({ width, height, channels: 3, data: data.map((value) => value * 255) }, frame);
  return { width: cut.width, height: cut.height, data: toBytes(cut.data) };
}

/** Encoding the prompt and the source counts as denoising here, decoding as upscaling. */
function timingsOf(at: {
  readonly started: number;
  readonly denoised: number;
  readonly finished: number;
  readonly evaluations: number;
}): ImageTimings {
  return {
    textMs: 0,
    denoiseMs: at.denoised - at.started,
    upscaleMs: at.finished - at.denoised,
    totalMs: at.finished - at.started,
    overheadMs: 0,
    evaluations: at.evaluations,
  };
}
