import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { BranchWay } from '../../models/pipelines/branch-trial.ts';
import { openDevice } from '../../models/runtime/device.ts';
import type { SessionCache } from '../../models/runtime/session-cache.ts';
import { absolute, firstOf } from './compare.ts';
import type { GoldenCase, Level, Verdict } from './level.ts';
import { compareArray, compareBytes, type PipelineExpected } from './pipelines/expected.ts';
import type { Outcome } from './pipelines/outcome.ts';
import { type GoldenRequest, openRequest, type PipelineRequest } from './pipelines/request.ts';
import { runGoldenStableDiffusion } from './pipelines/stable-diffusion.ts';
import {
  runGolden3,
  runGoldenFlux,
  runGoldenInstructEdit,
  runGoldenLatentConsistency,
  runGoldenUpscale,
  runGoldenXl,
} from './pipelines/text-to-image.ts';
import { runGoldenAudio, runGoldenAudioLdm2, runGoldenVideo } from './pipelines/media.ts';
import { runGoldenPixels, runGoldenRepaint } from './pipelines/pixels.ts';
import { readJson } from './stored.ts';

type Runner = (golden: GoldenRequest) => Promise<Outcome>;

/** How each pipeline of the suite is run here. */
const RUNNERS: Readonly<Record<string, Runner>> = {
  StableDiffusionPipeline: runGoldenStableDiffusion,
  StableDiffusionImg2ImgPipeline: runGoldenStableDiffusion,
  StableDiffusionInpaintPipeline: runGoldenStableDiffusion,
  StableDiffusionControlNetPipeline: runGoldenStableDiffusion,
  StableDiffusionInstructPix2PixPipeline: runGoldenInstructEdit,
  StableDiffusionUpscalePipeline: runGoldenUpscale,
  LatentConsistencyModelPipeline: runGoldenLatentConsistency,
  LatentConsistencyModelImg2ImgPipeline: runGoldenLatentConsistency,
  StableDiffusionXLPipeline: runGoldenXl,
  StableDiffusionXLImg2ImgPipeline: runGoldenXl,
  StableDiffusionXLInpaintPipeline: runGoldenXl,
  StableDiffusionXLControlNetPipeline: runGoldenXl,
  'StableDiffusionXLPipeline+Img2Img': runGoldenXl,
  StableDiffusion3Pipeline: runGolden3,
  StableDiffusion3Img2ImgPipeline: runGolden3,
  StableDiffusion3InpaintPipeline: runGolden3,
  FluxPipeline: runGoldenFlux,
  FluxImg2ImgPipeline: runGoldenFlux,
  FluxInpaintPipeline: runGoldenFlux,
  DDPMPipeline: runGoldenPixels,
  DDIMPipeline: runGoldenPixels,
  ConsistencyModelPipeline: runGoldenPixels,
  'blended loop': runGoldenPixels,
  RePaintPipeline: runGoldenRepaint,
  StableVideoDiffusionPipeline: runGoldenVideo,
  StableAudioPipeline: runGoldenAudio,
  AudioLDM2Pipeline: runGoldenAudioLdm2,
};

/** On a person's machine the faster way of these is taken, so every request must hold in both. */
const BRANCH_WAYS: readonly BranchWay[] = ['together', 'one-by-one'];

/** Whole requests on small networks, from the prompt to the picture. */
export const level: Level = {
  name: 'pipelines',
  async cases(dir) {
    const folder = path.join(dir, 'pipelines');
    if (!existsSync(folder)) return [];
    const { sessions } = await openDevice();
    return readdirSync(folder)
      .toSorted()
      .filter((id) => existsSync(path.join(folder, id, 'request.json')))
      .map((id) => describe(id, path.join(folder, id), sessions));
  },
};

function describe(id: string, dir: string, sessions: SessionCache): GoldenCase {
  return { id, run: () => check(dir, sessions) };
}

async function check(dir: string, sessions: SessionCache): Promise<Verdict> {
  const request = readJson<PipelineRequest>(dir, 'request.json');
  const expected = readJson<PipelineExpected>(dir, 'expected.json');
  if (!request || !expected) return 'request.json or expected.json is missing';
  const runner = Object.hasOwn(RUNNERS, request.pipeline) ? RUNNERS[request.pipeline] : undefined;
  if (!runner) return `${request.pipeline} is not a pipeline this version has`;
  const verdicts: Verdict[] = [];
  for (const branchWay of BRANCH_WAYS) {
    const golden = openRequest(request, dir, { sessions, branchWay });
    try {
      verdicts.push(compare(await runner(golden), expected, dir));
    } finally {
      golden.context.folder.close();
    }
  }
  return firstOf(...verdicts.map((verdict, i) => verdict && `guidance ${BRANCH_WAYS[i]}: ${verdict}`));
}

function compare(outcome: Outcome, expected: PipelineExpected, dir: string): Verdict {
  const { latents_abs = 1e-4, image_abs = 1e-4, u8_max = 1, u8_fraction = 1e-3 } = expected.tolerance ?? {};
  const latents = absolute(latents_abs);
  const images = absolute(image_abs);
  const { steps = [] } = expected;
  const count =
    outcome.steps.length === steps.length ? null : `${outcome.steps.length} steps, expected ${steps.length}`;
  return firstOf(
    steps.length === 0 ? null : count,
    ...steps.map((step, i) =>
      compareArray(`step ${i}`, outcome.steps[i] ?? null, { expected: step, tolerance: latents, dir }),
    ),
    compareArray('stage1_latents', outcome.stage1 ?? null, {
      expected: expected.stage1_latents,
      tolerance: latents,
      dir,
    }),
    compareArray('final_latents', outcome.latents, {
      expected: expected.final_latents,
      tolerance: latents,
      dir,
    }),
    compareArray('decoder_input', outcome.decoderInput, {
      expected: expected.decoder_input,
      tolerance: absolute(latents_abs * decoderScale(outcome)),
      dir,
    }),
    compareArray('decoded', outcome.decoded, { expected: expected.decoded, tolerance: images, dir }),
    compareArray('image_float', outcome.pictures?.data ?? null, {
      expected: expected.image_float ?? expected.final_image_float,
      tolerance: images,
      dir,
    }),
    compareArray('audio', outcome.audio ?? null, { expected: expected.audio, tolerance: images, dir }),
    compareBytes(outcome.bytes, expected.image_u8, { dir, max: u8_max, fraction: u8_fraction }),
  );
}

/** Decoder input is latents divided by the scaling factor, and so is the error in it. */
function decoderScale({ latents, decoderInput }: Outcome): number {
  if (!latents || !decoderInput) return 1;
  const largest = (values: Float32Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Math.max(largest(decoderInput) / largest(latents), 1);
}
