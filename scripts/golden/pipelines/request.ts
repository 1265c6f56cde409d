import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readScheduler } from '../../../models/core/config/read.ts';
import { GeneratorList } from '../../../models/core/random/generator-list.ts';
import { TorchGenerator } from '../../../models/core/random/torch-generator.ts';
import type { Rng, Scheduler } from '../../../models/core/types.ts';
import type { BranchWay } from '../../../models/pipelines/branch-trial.ts';
import type { RunContext } from '../../../models/pipelines/diffusers/latent-loop.ts';
import type { ControlRequest } from '../../../models/pipelines/diffusers/open-controls.ts';
import { openModelFolder } from '../../../models/pipelines/diffusers/model-folder.ts';
import type { SessionCache } from '../../../models/runtime/session-cache.ts';
import { float32Tensor, type HostTensor } from '../../../models/runtime/tensor.ts';
import { numbers, type Stored } from '../stored.ts';

/** request.json of one pipeline case; which fields are there depends on the pipeline. */
export interface PipelineRequest {
  readonly id: string;
  readonly pipeline: string;
  readonly model: string;
  readonly shared_components?: string;
  readonly scheduler: Readonly<Record<string, unknown>>;
  readonly low_res_scheduler?: Readonly<Record<string, unknown>>;
  readonly prompt?: string | readonly string[] | null;
  readonly prompt_2?: string | readonly string[] | null;
  readonly negative_prompt?: string | readonly string[] | null;
  readonly negative_prompt_2?: string | readonly string[] | null;
  readonly prompt_ids?: readonly (readonly number[])[] | null;
  readonly seed?: number;
  readonly seeds?: readonly number[];
  readonly seed_noise?: number;
  readonly num_images_per_prompt?: number;
  readonly batch_size?: number;
  readonly num_inference_steps: number | null;
  readonly timesteps?: readonly number[] | null;
  readonly guidance_scale?: number;
  readonly guidance_rescale?: number;
  readonly image_guidance_scale?: number;
  readonly true_cfg_scale?: number;
  readonly eta?: number;
  readonly strength?: number;
  readonly height?: number;
  readonly width?: number;
  readonly image?: Stored;
  readonly mask?: Stored;
  readonly control_images?: readonly Stored[];
  readonly controlnets?: readonly string[];
  readonly controlnet_conditioning_scale?: readonly number[];
  readonly control_guidance_start?: number | readonly number[];
  readonly control_guidance_end?: number | readonly number[];
  readonly guess_mode?: boolean;
  readonly ip_adapter_scale?: number;
  readonly ip_adapter_image_embeds?: Stored;
  readonly original_inference_steps?: number;
  readonly original_size?: readonly number[];
  readonly crops_coords_top_left?: readonly number[];
  readonly target_size?: readonly number[];
  readonly negative_original_size?: readonly number[];
  readonly negative_crops_coords_top_left?: readonly number[];
  readonly negative_target_size?: readonly number[];
  readonly denoising_end?: number;
  readonly denoising_start?: number;
  readonly max_sequence_length?: number;
  readonly use_text_encoder_3?: boolean;
  readonly noise_level?: number;
  readonly min_guidance_scale?: number;
  readonly max_guidance_scale?: number;
  readonly fps?: number;
  readonly motion_bucket_id?: number;
  readonly noise_aug_strength?: number;
  readonly num_frames?: number;
  readonly decode_chunk_size?: number;
  readonly class_labels?: readonly number[];
  readonly jump_length?: number;
  readonly jump_n_sample?: number;
  readonly audio_start_in_s?: number;
  readonly audio_end_in_s?: number;
  readonly audio_length_in_s?: number | null;
  readonly num_waveforms_per_prompt?: number;
  readonly sampling_rate?: number;
  readonly latent_length?: number;
}

/** A request with what it refers to: its folder, and the model it names. */
export interface GoldenRequest {
  readonly request: PipelineRequest;
  readonly dir: string;
  readonly context: RunContext;
}

export function openRequest(
  request: PipelineRequest,
  dir: string,
  { sessions, branchWay }: { readonly sessions: SessionCache; readonly branchWay: BranchWay },
): GoldenRequest {
  const folders = [request.model, request.shared_components]
    .filter((name) => name !== undefined)
    .map((name) => path.resolve(dir, name));
  return {
    request,
    dir,
    context: {
      folder: openModelFolder({ folders, sessions, locate: (name) => followUse(folders, name) }),
      signal: new AbortController().signal,
      branchWay,
    },
  };
}

/** The suite keeps one copy of a tokenizer; `use.json` in a model's folder says where. */
function followUse(folders: readonly string[], name: string): string | null {
  for (const folder of folders) {
    const link = path.join(folder, name, 'use.json');
    if (existsSync(link)) {
      const { use }: { use: string } = JSON.parse(readFileSync(link, 'utf8'));
      return path.resolve(folder, name, use);
    }
  }
  return null;
}

export function schedulerOf(config: Readonly<Record<string, unknown>>): Scheduler {
  return readScheduler(config).scheduler;
}

/** One generator for the whole request, or one a picture. */
export function rngOf({ seed, seeds }: PipelineRequest): Rng {
  return seeds
    ? new GeneratorList(seeds.map((one) => new TorchGenerator(one)))
    : new TorchGenerator(seed ?? 0);
}

export function countOf({ seeds, num_images_per_prompt, batch_size }: PipelineRequest): number {
  return seeds?.length ?? num_images_per_prompt ?? batch_size ?? 1;
}

/** A stored picture [H, W, 3] as [1, 3, H, W] in -1 … 1. */
export function pictureOf(stored: Stored | undefined, dir: string): HostTensor | undefined {
  return stored && planesOf(stored, dir, (value) => Math.fround(Math.fround(value / 255) * 2) - 1);
}

/** A stored picture or mask as planes, each byte through `convert`. */
export function planesOf(stored: Stored, dir: string, convert: (value: number) => number): HostTensor {
  const [height, width, channels = 1] = stored.shape;
  const bytes = numbers(stored, dir);
  const area = height * width;
  const data = Float32Array.from({ length: area * channels }, (_, i) =>
    convert(bytes[(i % area) * channels + Math.floor(i / area)]),
  );
  return float32Tensor([1, channels, height, width], data);
}

/** The maps of a request with the networks that follow them. */
export function controlsOf(request: PipelineRequest, dir: string): ControlRequest {
  const maps = request.control_images ?? [];
  return {
    controlNets: request.controlnets,
    controls: maps.map((map, i) => ({
      map: planesOf(map, dir, (value) => value / 255),
      scale: request.controlnet_conditioning_scale?.[i] ?? 1,
      start: at(request.control_guidance_start, i) ?? 0,
      end: at(request.control_guidance_end, i) ?? 1,
    })),
    guessMode: request.guess_mode,
  };
}

function at(value: number | readonly number[] | undefined, i: number): number | undefined {
  return typeof value === 'number' ? value : value?.[i];
}

/** The texts of a request, one a picture; a single text serves all, none is the empty text. */
export function textsOf(
  text: string | readonly string[] | null | undefined,
  count: number,
): readonly string[] {
  if (typeof text === 'string' || !text) return Array.from({ length: count }, () => text || '');
  return text;
}

export function need<T>(value: T | null | undefined, name: string): T {
  if (value === null || value === undefined) throw new Error(`the request has no ${name}`);
  return value;
}
