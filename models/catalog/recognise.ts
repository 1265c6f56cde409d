import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { z } from 'zod';
import { readScheduler } from '../core/config/read.ts';
import type { FoundFile } from './hostile-folder.ts';
import { componentNamePattern, type DiffusersManifest } from './manifest.ts';
import { type OnnxSummary, readOnnxSummary } from './onnx-file.ts';
import { PackError } from './pack-error.ts';

/** Which pipeline runs a folder, by the class its model_index.json names (without an exporter's ORT or Onnx prefix). */
const PIPELINES: Readonly<
  Record<string, readonly [DiffusersManifest['pipeline'], DiffusersManifest['kind']]>
> = {
  StableDiffusionPipeline: ['stable-diffusion', 'image'],
  StableDiffusionImg2ImgPipeline: ['stable-diffusion', 'image'],
  StableDiffusionControlNetPipeline: ['stable-diffusion', 'image'],
  StableDiffusionInpaintPipeline: ['stable-diffusion-inpaint', 'image'],
  StableDiffusionInstructPix2PixPipeline: ['stable-diffusion-edit', 'image'],
  StableDiffusionUpscalePipeline: ['stable-diffusion-upscale', 'image'],
  StableDiffusionXLPipeline: ['stable-diffusion-xl', 'image'],
  StableDiffusionXLImg2ImgPipeline: ['stable-diffusion-xl', 'image'],
  StableDiffusionXLInpaintPipeline: ['stable-diffusion-xl', 'image'],
  StableDiffusionXLControlNetPipeline: ['stable-diffusion-xl', 'image'],
  StableDiffusion3Pipeline: ['stable-diffusion-3', 'image'],
  StableDiffusion3Img2ImgPipeline: ['stable-diffusion-3', 'image'],
  StableDiffusion3InpaintPipeline: ['stable-diffusion-3', 'image'],
  LatentConsistencyModelPipeline: ['latent-consistency', 'image'],
  LatentConsistencyModelImg2ImgPipeline: ['latent-consistency', 'image'],
  FluxPipeline: ['flux', 'image'],
  FluxImg2ImgPipeline: ['flux', 'image'],
  FluxInpaintPipeline: ['flux', 'image'],
  StableVideoDiffusionPipeline: ['stable-video', 'video'],
  StableAudioPipeline: ['stable-audio', 'audio'],
  AudioLDM2Pipeline: ['audioldm2', 'audio'],
  DDPMPipeline: ['unconditional', 'image'],
  DDIMPipeline: ['unconditional', 'image'],
  ConsistencyModelPipeline: ['unconditional', 'image'],
};

/** Components without which a pipeline cannot start; the first of each group that is there will do. */
const REQUIRED: Readonly<Record<DiffusersManifest['pipeline'], readonly (readonly string[])[]>> = {
  'stable-diffusion': [['text_encoder'], ['unet'], ['vae_decoder']],
  'stable-diffusion-inpaint': [['text_encoder'], ['unet'], ['vae_decoder'], ['vae_encoder']],
  'stable-diffusion-edit': [['text_encoder'], ['unet'], ['vae_decoder'], ['vae_encoder']],
  'stable-diffusion-upscale': [['text_encoder'], ['unet'], ['vae_decoder']],
  'stable-diffusion-xl': [['text_encoder_2'], ['unet'], ['vae_decoder']],
  'stable-diffusion-3': [['text_encoder'], ['text_encoder_2'], ['transformer'], ['vae_decoder']],
  'latent-consistency': [['text_encoder'], ['unet'], ['vae_decoder']],
  flux: [['text_encoder'], ['text_encoder_2'], ['transformer', 'unet'], ['vae_decoder']],
  'stable-video': [['image_encoder'], ['unet'], ['vae_encoder'], ['vae_decoder']],
  'stable-audio': [
    ['text_encoder'],
    ['projection_text'],
    ['projection_seconds'],
    ['transformer'],
    ['vae_decoder'],
  ],
  audioldm2: [
    ['text_encoder'],
    ['text_encoder_2'],
    ['projection_model'],
    ['language_model'],
    ['unet'],
    ['vae_decoder'],
    ['vocoder'],
  ],
  unconditional: [['unet']],
};

/** Domains whose operators onnxruntime brings with it. */
const KNOWN_DOMAINS = ['com.microsoft', 'com.microsoft.nchwc', 'com.ms.internal.nhwc'];

const indexSchema = z.looseObject({ _class_name: z.string() });

/** Files that a pipeline reads beside the graphs. */
const SIDE_FILES =
  /^(?:model_index\.json|LICENSE(?:\.\w+)?|[\w-]+\/(?:config|scheduler_config|tokenizer|tokenizer_config|special_tokens_map|vocab|added_tokens|preprocessor_config)\.json|[\w-]+\/(?:merges\.txt|spiece\.model))$/;

export interface RecognisedComponent {
  /** Path of the graph inside the folder. */
  readonly file: string;
  /** External weight files, inside the folder. */
  readonly data: readonly string[];
}

/** What a folder in the diffusers layout is, before anything was copied. */
export interface RecognisedFolder {
  readonly pipeline: DiffusersManifest['pipeline'];
  readonly kind: DiffusersManifest['kind'];
  readonly layout: DiffusersManifest['layout'];
  readonly className: string;
  readonly components: Readonly<Record<string, RecognisedComponent>>;
  readonly sideFiles: readonly string[];
  /** Sentences about what will not be used, for the person adding it. */
  readonly warnings: readonly string[];
}

/**
 * Recognises a model folder that passed `inspectFolder`: diffusers/optimum, diffusers' conversion script, Olive, Amuse.
 *
 * Throws PackError `unsupported` for what no pipeline here runs, `unsafe` for weights outside the folder, `damaged` for
 * missing parts.
 */
export async function recogniseFolder(
  folder: string,
  files: readonly FoundFile[],
): Promise<RecognisedFolder> {
  const paths = new Set(files.map((file) => file.path));
  const className = await readClassName(folder, paths);
  const known = Object.hasOwn(PIPELINES, className) ? PIPELINES[className] : undefined;
  if (known === undefined) {
    const names = Object.keys(PIPELINES).join(', ');
    throw new PackError(
      'unsupported',
      `model_index.json names ${className}, which no pipeline here runs; known are ${names}.`,
    );
  }
  const [pipeline, kind] = known;
  const summaries = new Map<string, OnnxSummary>();
  const components: Record<string, RecognisedComponent> = {};
  for (const path of paths) {
    const name = path.split('/')[0];
    // Amuse writes the tokenizer as a graph of onnxruntime-extensions; the text files beside it serve instead.
    if (path === `${name}/model.onnx` && !name.startsWith('tokenizer') && name !== 'safety_checker') {
      checkName(name);
      const summary = await readOnnxSummary(join(folder, path));
      checkDomains(path, summary);
      summaries.set(name, summary);
      components[name] = { file: path, data: externalFiles(path, summary, paths) };
    }
  }
  for (const group of REQUIRED[pipeline]) {
    if (!group.some((name) => Object.hasOwn(components, name))) {
      throw new PackError(
        'damaged',
        `${className} needs ${group.join(' or ')}/model.onnx, which the folder does not have.`,
      );
    }
  }
  return {
    pipeline,
    kind,
    className,
    layout: recogniseLayout(paths, summaries),
    components,
    sideFiles: [...paths].filter((path) => SIDE_FILES.test(path)),
    warnings: await checkScheduler(folder, paths),
  };
}

async function readClassName(folder: string, paths: ReadonlySet<string>): Promise<string> {
  if (!paths.has('model_index.json')) {
    const hint = [...paths].some((path) => path.endsWith('.safetensors'))
      ? ' It holds safetensors: export it to ONNX first (optimum-cli export onnx).'
      : '';
    throw new PackError(
      'unsupported',
      `The folder has no model_index.json, so it is not in the diffusers layout.${hint}`,
    );
  }
  const parsed = indexSchema.safeParse(await readJson(folder, 'model_index.json'));
  if (!parsed.success) {
    throw new PackError('damaged', 'model_index.json does not say which pipeline it is (_class_name).');
  }
  return parsed.data._class_name.replace(/^(?:ORT|Onnx)/, '');
}

function externalFiles(graph: string, summary: OnnxSummary, paths: ReadonlySet<string>): readonly string[] {
  return summary.externalLocations.map((location) => {
    const forward = location.replaceAll('\\', '/');
    const path = posix.normalize(posix.join(posix.dirname(graph), forward));
    if (posix.isAbsolute(forward) || /^[a-zA-Z]:/.test(forward) || path.startsWith('..')) {
      throw new PackError('unsafe', `${graph} takes weights from '${location}', outside the folder.`);
    }
    if (!paths.has(path)) {
      throw new PackError('damaged', `${graph} takes weights from ${path}, which the folder does not have.`);
    }
    return path;
  });
}

function checkName(name: string): void {
  if (componentNamePattern.test(name)) return;
  throw new PackError(
    'unsupported',
    `The folder ${name} holds a graph, but a part of a model is named with lower-case letters, digits, - and _, at most ` +
      '40: rename it and add the model again.',
  );
}

function checkDomains(path: string, summary: OnnxSummary): void {
  const foreign = summary.customDomains.filter((domain) => !KNOWN_DOMAINS.includes(domain));
  if (foreign.length > 0) {
    throw new PackError(
      'unsupported',
      `${path} uses operators of ${foreign.join(', ')}, which this runtime does not have.`,
    );
  }
}

function recogniseLayout(
  paths: ReadonlySet<string>,
  summaries: ReadonlyMap<string, OnnxSummary>,
): DiffusersManifest['layout'] {
  const hasAmuseNames =
    paths.has('tokenizer/model.onnx') || [...paths].some((path) => path.endsWith('/model.onnx.data'));
  if (hasAmuseNames) {
    return 'amuse';
  }
  if (
    summaries.get('vae_encoder')?.outputs.includes('latent_sample') === true ||
    paths.has('unet/weights.pb')
  ) {
    return 'diffusers-script';
  }
  const isFused = [...summaries.values()].some((summary) => summary.customDomains.includes('com.microsoft'));
  return isFused ? 'olive' : 'optimum';
}

/** Reads the scheduler now, so that a folder that cannot be sampled is refused when it is added and not when it is used. */
async function checkScheduler(folder: string, paths: ReadonlySet<string>): Promise<readonly string[]> {
  if (!paths.has('scheduler/scheduler_config.json')) {
    throw new PackError('damaged', 'The folder has no scheduler/scheduler_config.json.');
  }
  try {
    const { warnings } = readScheduler(await readJson(folder, 'scheduler/scheduler_config.json'));
    return warnings.map((warning) => `scheduler_config.json: ${warning}`);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new PackError('unsupported', `scheduler/scheduler_config.json: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

async function readJson(folder: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, path), 'utf8'));
  } catch (error) {
    throw new PackError('damaged', `${path} is not JSON.`, { cause: error });
  }
}
