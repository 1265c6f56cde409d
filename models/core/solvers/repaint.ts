import { defineScheduler } from '../config/definition.ts';
import { boolean, choice, type ConfigOf, number } from '../config/fields.ts';
import { betaFields, DDPM_BETAS, tablesOf } from '../config/vp-fields.ts';
import { clamp, combine2 } from '../math/kernels.ts';
import type { Run } from '../plan.ts';
import type { BetaTables } from '../schedule/betas.ts';
import { refuse, requestedSteps } from '../schedule/request.ts';
import { vpLevelAt, vpPlan } from '../schedule/vp-plan.ts';
import type { Keep, Latent, PlanRequest, Solver } from '../types.ts';

const NAME = 'RePaintScheduler';

const fields = {
  ...betaFields(DDPM_BETAS),
  eta: number(0),
  clip_sample: boolean(true),
  prediction_type: choice('epsilon', ['epsilon']),
};

type Config = ConfigOf<typeof fields>;

/** Inference steps in walking order; a rise is a jump back towards noise. */
function walk(steps: number, jumpLength: number, jumpCount: number): number[] {
  const left = new Map<number, number>();
  for (let j = 0; j < steps - jumpLength; j += jumpLength) left.set(j, jumpCount - 1);
  const path: number[] = [];
  let t = steps;
  while (t >= 1) {
    path.push(--t);
    const jumps = left.get(t) ?? 0;
    if (jumps > 0) {
      left.set(t, jumps - 1);
      for (let k = 0; k < jumpLength; k++) path.push(++t);
    }
  }
  return path;
}

/** One entry of the way: a denoising step from timestep t, or noise added from timestep t on. */
type Move =
  | { readonly kind: 'denoise'; readonly timestep: number }
  | { readonly kind: 'undo'; readonly timestep: number };

function movesOf(path: readonly number[], stride: number): Move[] {
  return path.map((t, i) => {
    const last = i === 0 ? t + 1 : path[i - 1];
    return t < last ? { kind: 'denoise', timestep: t * stride } : { kind: 'undo', timestep: last * stride };
  });
}

/**
 * RePaint (Lugmayr et al. 2022, algorithm 1): every denoising step joins the kept part, noised to the step's level,
 * with the generated part; jumps back in time let the two agree.
 */
function* repaintSteps(run: Run, config: Config, tables: BetaTables, moves: readonly Move[]): Solver {
  const { x, plan } = run;
  const keep = keptPart(run);
  const stride = Math.floor(config.num_train_timesteps / plan.steps);
  const eta = run.options.eta ?? config.eta;
  const x0 = run.buffer();
  let index = 0;
  for (const move of moves) {
    if (move.kind === 'undo') {
      addStepNoise(run, tables, move.timestep, stride);
      continue;
    }
    const i = index++;
    if (i < run.begin || i >= run.end) continue;
    const prediction = yield run.at(i);
    denoise({ run, config, tables, x0, prediction, timestep: move.timestep, stride, eta, keep });
    run.after(i, prediction);
  }
  return x;
}

interface DenoiseParts {
  readonly run: Run;
  readonly config: Config;
  readonly tables: BetaTables;
  readonly x0: Latent;
  readonly prediction: Latent;
  readonly timestep: number;
  readonly stride: number;
  readonly eta: number;
  readonly keep: Keep;
}

function denoise(parts: DenoiseParts): void {
  const { run, config, x0, prediction, timestep, stride, eta, keep } = parts;
  const { alphasCumprod } = parts.tables;
  const { x } = run;
  const a = alphasCumprod[timestep];
  const aNext = timestep - stride >= 0 ? alphasCumprod[timestep - stride] : 1;
  combine2(x0, 1 / Math.sqrt(a), x, -Math.sqrt(1 - a) / Math.sqrt(a), prediction);
  if (config.clip_sample) clamp(x0, 1);
  const noise = run.freshNoise();
  const variance = ((1 - aNext) / (1 - a)) * (1 - a / aNext);
  const fresh = eta * Math.sqrt(variance);
  const onX0 = Math.sqrt(aNext);
  const along = Math.sqrt(1 - aNext - fresh ** 2);
  const added = timestep > 0 ? fresh : 0;
  const knownNoise = Math.sqrt(1 - aNext);
  for (let i = 0; i < x.length; i++) {
    const unknown = onX0 * x0[i] + along * prediction[i] + added * noise[i];
    const known = onX0 * keep.original[i] + knownNoise * noise[i];
    x[i] = keep.mask[i] * known + (1 - keep.mask[i]) * unknown;
  }
}

/** The forward process over one inference step, training step by training step. */
function addStepNoise(run: Run, { betas }: BetaTables, from: number, count: number): void {
  for (let t = from; t < from + count; t++) {
    combine2(run.x, Math.sqrt(1 - betas[t]), run.x, Math.sqrt(betas[t]), run.freshNoise());
  }
}

/** @throws RangeError when nothing to keep was given, or it does not fit x. */
function keptPart({ options: { keep }, x }: Run): Keep {
  if (!keep) throw new RangeError(`${NAME} needs keep: the original and the mask of what stays`);
  if (keep.original.length !== x.length || keep.mask.length !== x.length) {
    throw new RangeError(`keep holds ${keep.original.length} and ${keep.mask.length} values, x ${x.length}`);
  }
  return keep;
}

export const repaint = defineScheduler({
  className: NAME,
  fields,
  create(config) {
    const tables = tablesOf(config);
    return {
      className: NAME,
      predictionType: config.prediction_type,
      stochastic: true,
      numTrainTimesteps: config.num_train_timesteps,
      plan(request: PlanRequest) {
        refuse(request, ['timesteps', 'sigmas', 'sigmaTable', 'mu', 'originalSteps', 'strength'], NAME);
        const { jumpLength = 10, jumpCount = 10 } = request;
        const steps = Math.min(requestedSteps(request, NAME), config.num_train_timesteps);
        const stride = Math.floor(config.num_train_timesteps / steps);
        const moves = movesOf(walk(steps, jumpLength, jumpCount), stride);
        const evaluated = moves.filter((move) => move.kind === 'denoise');
        return vpPlan(tables, {
          className: NAME,
          steps,
          timesteps: Float64Array.from(evaluated, (move) => move.timestep),
          needsRng: () => true,
          solver: (run) => repaintSteps(run, config, tables, moves),
        });
      },
      levelAt: (timestep) => vpLevelAt(tables, timestep),
    };
  },
});
