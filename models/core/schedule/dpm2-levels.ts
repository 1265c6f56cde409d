import { sqrtFloat32 } from '../math/sqrt-float32.ts';
import { roundHalfEven } from '../math/rounding.ts';
import type { PlanRequest } from '../types.ts';
import { levelsOrTable } from './request.ts';
import { type VeOptions, veLevels } from './ve-plan.ts';
import { timestepAt } from './vp-sigmas.ts';

const f = Math.fround;

export interface Dpm2Levels {
  /** Evaluations: the first step's, then the middle and the start of every later one. */
  readonly timesteps: Float64Array;
  readonly sigmas: Float64Array;
  /** Arrays of the reference's names and layouts; slots that are never used hold NaN or zero. */
  readonly internals: Readonly<Record<'sigmas_interpol' | 'sigmas_up' | 'sigmas_down', Float64Array>>;
}

/** Repeats every value. */
function twice(values: readonly number[]): number[] {
  return values.flatMap((value) => [value, value]);
}

/** Geometric mean: the middle of two levels in log sigma. */
function logMiddle(a: number, b: number): number {
  return Math.sqrt(a * b);
}

/**
 * Levels of the two methods with an evaluation in the middle of a step. The plain one meets between sigma and
 * the next sigma, the ancestral one between sigma and sigma_down.
 */
export function dpm2Levels(options: VeOptions, request: PlanRequest, ancestral: boolean): Dpm2Levels {
  const { timesteps: exact, sigmas: inner } = veLevels(options, request);
  const timesteps = options.spacing === 'karras' ? exact.map(roundHalfEven) : exact.map(f);
  const computed = Float64Array.of(f(inner[0]), ...twice(Array.from(inner.subarray(1), f)), 0, 0, 0);
  const all = levelsOrTable(computed, request);
  const sigmas = Array.from(inner, (_, i) => all[i === 0 ? 0 : 2 * i - 1]);
  sigmas.push(all[all.length - 1]);
  const { interpol, internals } = ancestral ? ancestralArrays(sigmas) : plainArrays(sigmas);
  const middles = interpol.map((sigma) => f(timestepAt(options.table, sigma)));
  const woven = Array.from(timesteps.subarray(1)).flatMap((t, i) => [middles[ancestral ? i : i + 1], t]);
  return {
    timesteps: Float64Array.of(timesteps[0], ...woven),
    sigmas: all,
    internals,
  };
}

interface Arrays {
  readonly interpol: readonly number[];
  readonly internals: Dpm2Levels['internals'];
}

/** sigmas_interpol[i] lies between sigma i - 1 and sigma i. */
function plainArrays(sigmas: readonly number[]): Arrays {
  const interpol = sigmas.map((sigma, i) => (i === 0 ? Number.NaN : logMiddle(sigma, sigmas[i - 1])));
  const last = interpol[interpol.length - 1];
  return {
    interpol,
    internals: {
      sigmas_interpol: Float64Array.of(interpol[0], ...twice(interpol.slice(1)), last),
      sigmas_up: new Float64Array(0),
      sigmas_down: new Float64Array(0),
    },
  };
}

/** sigmas_interpol[i] lies between sigma i and its sigma_down. */
function ancestralArrays(sigmas: readonly number[]): Arrays {
  const count = sigmas.length;
  const square = (value: number) => f(value * value);
  const up: number[] = [];
  const down: number[] = [];
  sigmas.forEach((sigma, i) => {
    const next = square(sigmas[i + 1] ?? 0);
    const variance = f(f(next * f(square(sigma) - next)) / square(sigma));
    const root = sqrtFloat32(variance);
    up.push(root);
    down.push(i === count - 1 ? 0 : sqrtFloat32(f(next - square(root))));
  });
  const interpol = sigmas.map((sigma, i) => (i >= count - 2 ? 0 : logMiddle(sigma, down[i])));
  return {
    interpol,
    internals: {
      sigmas_interpol: Float64Array.of(interpol[0], ...twice(interpol.slice(1)), interpol[count - 1]),
      sigmas_up: Float64Array.of(up[0], ...twice(up.slice(1)), up[count - 1]),
      sigmas_down: Float64Array.of(down[0], ...twice(down.slice(1)), down[count - 1]),
    },
  };
}
