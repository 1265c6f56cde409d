import { type BetaSchedule, type BetaTables, betaTables } from '../../core/schedule/betas.ts';
import type { Rng } from '../../core/types.ts';
import { floatData, type HostTensor } from '../../runtime/tensor.ts';
import { drawNoise, type RunContext, type StepEvent, timestepTensor } from './latent-loop.ts';
import { configNumber } from './model-folder.ts';
import type { PixelResult } from './pixel-diffusion.ts';

export interface RepaintRequest {
  readonly steps: number;
  /** Steps of one jump back. */
  readonly jumpLength: number;
  /** How often each stretch is walked. */
  readonly jumpCount: number;
  /** 0 is deterministic apart from the jumps, 1 is ancestral. */
  readonly eta: number;
  /** Betas of the network's training, as a scheduler configuration states them. */
  readonly schedulerConfig: Readonly<Record<string, unknown>>;
  readonly rng: Rng;
  /** [1, C, H, W] in -1 … 1. */
  readonly source: HostTensor;
  /** [1, 1, H, W]: 1 keeps the source. */
  readonly keep: HostTensor;
}

/**
 * RePaint (Lugmayr et al. 2022, algorithm 1): inpainting with an unconditional network. The known region is set to the
 * noised source at every step, and the run jumps back some steps again and again, so that both regions grow together.
 *
 * Draws start noise; then one tensor a forward step, and one for each training timestep that a jump goes back.
 */
export async function* runRepaint(
  request: RepaintRequest,
  { folder, signal }: RunContext,
): AsyncGenerator<StepEvent | PixelResult> {
  const { rng, source } = request;
  const unet = await folder.open('unet');
  const training = configNumber(request.schedulerConfig, 'num_train_timesteps', 1000);
  const tables = betaTables({
    numTrainTimesteps: training,
    betaStart: configNumber(request.schedulerConfig, 'beta_start', 0.0001),
    betaEnd: configNumber(request.schedulerConfig, 'beta_end', 0.02),
    schedule: readBetaSchedule(request.schedulerConfig.beta_schedule),
  });
  const clips = request.schedulerConfig.clip_sample !== false;
  const stride = Math.floor(training / request.steps);
  const timesteps = repaintTimesteps(request, stride);
  const { shape } = source;
  const x = drawNoise(shape, rng);
  const evaluations = timesteps.filter((timestep, i) => i === 0 || timestep < timesteps[i - 1]).length;
  let previous = timesteps[0] + 1;
  let step = 0;
  for (const timestep of timesteps) {
    signal.throwIfAborted();
    if (timestep < previous) {
      const feeds = {
        sample: { shape, data: Float32Array.from(x) },
        timestep: timestepTensor(shape[0], timestep),
      };
      const predicted = floatData(await unet.session.runForOutput(feeds, 'out_sample'));
      stepForward({ x, predicted, timestep, stride, tables, clips, noise: drawNoise(shape, rng) }, request);
      step += 1;
      yield { type: 'step', step, steps: evaluations, shape, latents: x };
    } else {
      stepBack(x, { from: previous, count: stride, tables, rng });
    }
    previous = timestep;
  }
  yield { type: 'result', pictures: { shape, data: x } };
}

const BETA_SCHEDULES: readonly BetaSchedule[] = ['linear', 'scaled_linear', 'squaredcos_cap_v2', 'sigmoid'];

function readBetaSchedule(name: unknown): BetaSchedule {
  const found = BETA_SCHEDULES.find((schedule) => schedule === (name ?? 'linear'));
  if (found === undefined) {
    throw new RangeError(`beta_schedule is ${JSON.stringify(name)}; known are ${BETA_SCHEDULES.join(', ')}`);
  }
  return found;
}

/** Timesteps from noise to picture; where one is larger than the one before it, the run goes back. */
export function repaintTimesteps(
  { steps, jumpLength, jumpCount }: Pick<RepaintRequest, 'steps' | 'jumpLength' | 'jumpCount'>,
  stride: number,
): readonly number[] {
  const left = new Map<number, number>();
  for (let at = 0; at < steps - jumpLength; at += jumpLength) {
    left.set(at, jumpCount - 1);
  }
  const timesteps: number[] = [];
  let t = steps;
  while (t >= 1) {
    t -= 1;
    timesteps.push(t);
    const jumps = left.get(t) ?? 0;
    if (jumps > 0) {
      left.set(t, jumps - 1);
      for (let k = 0; k < jumpLength; k += 1) {
        t += 1;
        timesteps.push(t);
      }
    }
  }
  return timesteps.map((timestep) => timestep * stride);
}

interface ForwardStep {
  readonly x: Float32Array;
  readonly predicted: Float32Array;
  readonly timestep: number;
  readonly stride: number;
  readonly tables: BetaTables;
  readonly clips: boolean;
  readonly noise: Float32Array;
}

/** Equations 8a to 8c: the unknown region takes a DDIM step, the known one is the source noised to the same level. */
function stepForward(step: ForwardStep, { source, keep, eta }: RepaintRequest): void {
  const { x, predicted, timestep, stride, noise } = step;
  const { alphasCumprod } = step.tables;
  const alpha = alphasCumprod[timestep];
  const before = timestep - stride;
  const alphaBefore = before >= 0 ? alphasCumprod[before] : 1;
  const variance = ((1 - alphaBefore) / (1 - alpha)) * (1 - alpha / alphaBefore);
  const deviation = eta * Math.sqrt(variance);
  const direction = Math.sqrt(1 - alphaBefore - deviation ** 2);
  const added = timestep > 0 ? deviation : 0;
  const original = floatData(source);
  const weights = floatData(keep);
  for (let i = 0; i < x.length; i += 1) {
    const raw = (x[i] - Math.sqrt(1 - alpha) * predicted[i]) / Math.sqrt(alpha);
    const x0 = step.clips ? Math.min(Math.max(raw, -1), 1) : raw;
    const unknown = Math.sqrt(alphaBefore) * x0 + direction * predicted[i] + added * noise[i];
    const known = Math.sqrt(alphaBefore) * original[i] + Math.sqrt(1 - alphaBefore) * noise[i];
    const weight = weights[i % weights.length];
    x[i] = weight * known + (1 - weight) * unknown;
  }
}

/** Noises x again, one training timestep at a time: x = sqrt(1 - beta) x + sqrt(beta) noise. */
function stepBack(
  x: Float32Array,
  jump: { readonly from: number; readonly count: number; readonly tables: BetaTables; readonly rng: Rng },
): void {
  const noise = new Float32Array(x.length);
  for (let k = 0; k < jump.count; k += 1) {
    const beta = jump.tables.betas[jump.from + k];
    jump.rng.randn(noise);
    for (let i = 0; i < x.length; i += 1) {
      x[i] = Math.sqrt(1 - beta) * x[i] + Math.sqrt(beta) * noise[i];
    }
  }
}
