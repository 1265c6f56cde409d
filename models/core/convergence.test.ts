import { describe, expect, it } from 'vitest';
import { readScheduler } from './config/read.ts';
import { CONVERGENCE_CASES, type ConvergenceCase, DEIS_3 } from './convergence-cases.ts';
import { drive } from './drive.ts';
import { exponentialSigmas, karrasSigmas } from './schedule/spacing.ts';
import type { Evaluation, Hook, Latent, NoiseLevel, Plan } from './types.ts';

/**
 * For data drawn from N(0, c²) the best denoiser is linear and the probability-flow path has a closed form: at noise
 * level (alpha, sigma) x is proportional to the standard deviation sqrt(alpha² c² + sigma²). So the error of a solver is
 * known exactly, and must fall with the solver's order as the steps get shorter. x and the solvers' scalars are in double
 * precision: in float32 the third orders sink into the rounding before their slope settles.
 */
const DATA = 0.5;

function spread({ alpha, sigma }: NoiseLevel): number {
  return Math.sqrt(alpha ** 2 * DATA ** 2 + sigma ** 2);
}

function predict(at: Evaluation, { kind = 'epsilon', mean = false }: ConvergenceCase): Latent {
  const variance = spread(at) ** 2;
  const x0 = at.x.map((x) => (mean ? x / 2 : (at.alpha * DATA ** 2 * x) / variance));
  const noise = at.x.map((x) => (at.sigma * x) / variance);
  if (kind === 'epsilon') return noise;
  if (kind === 'flow') return noise.map((value, i) => value - x0[i]);
  const sum = at.sigma ** 2 + DATA ** 2;
  const out = (at.sigma * DATA) / Math.sqrt(sum);
  return x0.map((value, i) => (value - (DATA ** 2 / sum) * at.x[i]) / out);
}

function levelsOf(golden: ConvergenceCase, intervals: number): readonly number[] {
  switch (golden.grid) {
    case 'karras':
      return [...karrasSigmas(10, 0.1, intervals + 1)];
    case 'exponential':
      return [...exponentialSigmas(10, 0.1, intervals + 1)];
    case 'flow':
      return Array.from({ length: intervals + 1 }, (_, i) => 0.99 - (0.94 * i) / intervals);
    case 'training':
      return [];
  }
}

function errorAt(golden: ConvergenceCase, intervals: number): number {
  const { scheduler } = readScheduler(golden.config);
  const steps = golden.steps?.(intervals) ?? intervals;
  const levels = levelsOf(golden, intervals);
  const plan = scheduler.plan(
    golden.grid === 'training' ? { steps } : { steps, sigmaTable: golden.table?.(levels) ?? levels },
  );
  const end = golden.end?.(intervals) ?? plan.timesteps.length - (golden.grid === 'training' ? 1 : 0);
  const exact = exactPath(plan, golden.mean === true);
  const x = exact(0);
  const hooks: readonly Hook[] = [
    {
      afterStep(now, { index }) {
        if (index < (golden.exactStart ?? 0)) now.set(exact(index + 1));
      },
    },
  ];
  const options = { ...golden.options, end, hooks, scalars: 'double' } as const;
  const result = drive(plan.solve(x, options), (at) => predict(at, golden));
  return Math.abs(result[0] - exact(end)[0]);
}

function exactPath(plan: Plan, mean: boolean): (index: number) => Float64Array {
  return (index) => {
    const level = plan.level(index);
    const size = mean ? level.sigma : spread(level);
    return Float64Array.of(size, -0.3 * size);
  };
}

function slopesOf(golden: ConvergenceCase, counts: readonly number[]): readonly number[] {
  const errors = counts.map((count) => errorAt(golden, count));
  return errors.slice(1).map((error, i) => Math.log2(errors[i] / error));
}

describe('order of convergence against the closed form', () => {
  it.each(CONVERGENCE_CASES)('$name has order $order', (golden) => {
    // Groups of three evaluations must come out even.
    const usual = golden.grid === 'training' ? [40, 80, 160] : [48, 96, 192];
    const slopes = slopesOf(golden, golden.counts ?? usual);
    process.stdout.write(
      `${golden.name.padEnd(24)} order ${golden.order}, slopes ${slopes.map((slope) => slope.toFixed(3)).join(' ')}\n`,
    );
    expect(Math.abs(slopes[1] - golden.order)).toBeLessThan(0.3);
  });

  it('needs exact values to start from for its third order: beginning with lower orders costs one', () => {
    const grid = 'exponential';
    const exact = slopesOf({ ...DEIS_3, grid }, [96, 192, 384]);
    const own = slopesOf({ ...DEIS_3, grid, exactStart: 0 }, [96, 192, 384]);
    process.stdout.write(`DEIS 3, exact start ${exact[1].toFixed(3)}, own start ${own[1].toFixed(3)}\n`);
    expect(exact[1]).toBeGreaterThan(2.7);
    expect(own[1]).toBeLessThan(2.3);
  });
});
