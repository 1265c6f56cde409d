import { readScheduler } from '../../models/core/config/read.ts';
import { drive } from '../../models/core/drive.ts';
import type { Evaluation, Plan, SolveOptions } from '../../models/core/types.ts';
import { absolute, firstOf, within } from './compare.ts';
import { GaussianMixture, type MixtureParts } from './gaussian-mixture.ts';
import type { GoldenCase, Level, Verdict } from './level.ts';
import { numbers, readJson, type Stored } from './stored.ts';

interface ReferenceRun {
  readonly N: number;
  /** Absent for the finest grids, where the suite gives the error alone. */
  readonly final: Stored | null;
  readonly error: number;
}

interface ReferenceSolver {
  readonly name: string;
  readonly nominal_order: number;
  readonly runs: readonly ReferenceRun[];
  readonly slopes: readonly number[];
}

interface ReferenceGrid {
  readonly sigma_max: number;
  readonly sigma_min: number;
  readonly rho: number;
  readonly exact: Stored;
  readonly solvers: readonly ReferenceSolver[];
}

interface SchedulerRuns {
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly runs: readonly { readonly N: number; readonly final: Stored; readonly error: number }[];
}

interface Suite {
  readonly mixture: {
    readonly weights: Stored;
    readonly means: Stored;
    readonly stds: Stored;
  };
  readonly x_T: { readonly unit_noise: Stored };
  readonly denoiser_check: readonly {
    readonly x: Stored;
    readonly a: number;
    readonly b: number;
    readonly x0: Stored;
    readonly noise: Stored;
  }[];
  readonly reference_solvers: ReferenceGrid;
  readonly schedulers: { readonly cases: readonly SchedulerRuns[] };
}

/** Whole runs on an analytic denoiser, and the order at which they converge. */
export const level: Level = {
  name: 'gaussian',
  cases(dir) {
    const suite = readJson<Suite>(dir, 'gaussian/cases.json');
    if (!suite) return [];
    const mixture = new GaussianMixture(mixtureParts(suite));
    const unit = numbers(suite.x_T.unit_noise);
    return [
      ...denoiserCases(suite, mixture),
      ...suite.reference_solvers.solvers.flatMap((solver) =>
        referenceCases(suite.reference_solvers, solver, mixture, unit),
      ),
      ...suite.schedulers.cases.flatMap((runs, i) => schedulerCases(runs, i, mixture, unit)),
    ];
  },
};

function mixtureParts({ mixture: { weights, means, stds } }: Suite): MixtureParts {
  return { weights: numbers(weights), means: numbers(means), stds: numbers(stds) };
}

function denoiserCases({ denoiser_check }: Suite, mixture: GaussianMixture): GoldenCase[] {
  return denoiser_check.map(({ x, a, b, x0, noise }, i) => ({
    id: `denoiser ${i}`,
    run() {
      const actual = mixture.expectation(numbers(x), { alpha: a, sigma: b });
      return firstOf(
        within('x0', actual.original, numbers(x0), absolute(1e-10)),
        within('noise', actual.noise, numbers(noise), absolute(1e-10)),
      );
    },
  }));
}

function referenceCases(
  grid: ReferenceGrid,
  solver: ReferenceSolver,
  mixture: GaussianMixture,
  unit: Float64Array,
): GoldenCase[] {
  const exact = numbers(grid.exact);
  const finalAt = (intervals: number) => {
    const sigmas = karrasGrid(grid, intervals);
    const x = unit.map((value) => value * sigmas[0]);
    return runReference(solver.name, sigmas, x, mixture);
  };
  const runs = solver.runs.map((golden) => ({
    id: `${solver.name} N ${golden.N}`,
    run() {
      const final = finalAt(golden.N);
      return firstOf(
        golden.final && within('final', final, numbers(golden.final), absolute(1e-10)),
        within('error', [distance(final, exact)], [golden.error], absolute(1e-10)),
      );
    },
  }));
  const slope: GoldenCase = {
    id: `${solver.name} order`,
    run() {
      const [coarse, fine] = solver.runs.slice(-2).map(({ N }) => distance(finalAt(N), exact));
      const measured = Math.log2(coarse / fine);
      return firstOf(
        within('slope', [measured], [solver.nominal_order], absolute(0.35)),
        within('slope', [measured], [solver.slopes[solver.slopes.length - 1]], absolute(1e-3)),
      );
    },
  };
  return [...runs, slope];
}

function karrasGrid({ sigma_max, sigma_min, rho }: ReferenceGrid, intervals: number): Float64Array {
  const top = sigma_max ** (1 / rho);
  const bottom = sigma_min ** (1 / rho);
  return Float64Array.from(
    { length: intervals + 1 },
    (_, i) => (top + (i / intervals) * (bottom - top)) ** rho,
  );
}

function distance(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

/** Which of the core's solvers stands behind a name of the suite, and how it is set up for an own grid. */
function runReference(
  name: string,
  sigmas: Float64Array,
  x: Float64Array,
  mixture: GaussianMixture,
): Float64Array {
  const intervals = sigmas.length - 1;
  const noise = (at: Evaluation) => mixture.expectation(at.x, at).noise;
  const run = (plan: Plan, options: SolveOptions = {}) =>
    Float64Array.from(drive(plan.solve(x, options), noise));
  const twice = Array.from(sigmas).flatMap((sigma, i) => (i === 0 ? [sigma] : [sigma, sigma]));
  const order = /^lms order (\d)$/.exec(name)?.[1];
  if (order) {
    const { scheduler } = readScheduler({ _class_name: 'LMSDiscreteScheduler' });
    return run(scheduler.plan({ steps: intervals, sigmaTable: sigmas }), { lmsOrder: Number(order) });
  }
  switch (name) {
    case 'euler': {
      const { scheduler } = readScheduler({ _class_name: 'EulerDiscreteScheduler' });
      return run(scheduler.plan({ steps: intervals, sigmaTable: sigmas }));
    }
    // These end with an evaluation of their own for a last step to zero, which the suite does not take.
    case 'heun': {
      const { scheduler } = readScheduler({ _class_name: 'HeunDiscreteScheduler' });
      const plan = scheduler.plan({ steps: intervals + 1, sigmaTable: [...twice, 0] });
      return run(plan, { end: 2 * intervals });
    }
    case 'dpm_2 (log midpoint)': {
      const { scheduler } = readScheduler({ _class_name: 'KDPM2DiscreteScheduler' });
      const plan = scheduler.plan({ steps: intervals + 1, sigmaTable: [...twice, 0, 0, 0] });
      return run(plan, { end: 2 * intervals });
    }
    case 'dpmpp_2s': {
      const { scheduler } = readScheduler({ _class_name: 'DPMPP2SAncestralScheduler', eta: 0 });
      const middles = Array.from(sigmas).flatMap((sigma, i) =>
        i < intervals ? [sigma, Math.sqrt(sigma * sigmas[i + 1])] : [sigma],
      );
      const plan = scheduler.plan({ steps: intervals + 1, sigmaTable: [...middles, 0] });
      return run(plan, { end: 2 * intervals });
    }
    case 'ddim (dpmpp_1)':
    case 'dpmpp_2m': {
      const data = 0.5;
      const { scheduler } = readScheduler({
        _class_name: 'EDMDPMSolverMultistepScheduler',
        solver_order: name === 'dpmpp_2m' ? 2 : 1,
        sigma_data: data,
        lower_order_final: false,
        final_sigmas_type: 'sigma_min',
      });
      const plan = scheduler.plan({ steps: intervals, sigmaTable: sigmas });
      return Float64Array.from(drive(plan.solve(x), (at) => mixture.edmOutput(at, data)));
    }
    case 'rk4 (log sigma)':
      return rungeKutta(sigmas, x, mixture);
    default:
      throw new RangeError(`the suite asks for solver ${name}, which this runner does not know`);
  }
}

/** Runge and Kutta's fourth-order method on dx/d(ln sigma) = sigma·E[noise | x], for comparison. */
function rungeKutta(sigmas: Float64Array, x: Float64Array, mixture: GaussianMixture): Float64Array {
  const slope = (at: Float64Array, u: number) => {
    const sigma = Math.exp(u);
    return mixture.expectation(at, { alpha: 1, sigma }).noise.map((value) => sigma * value);
  };
  const moved = (from: Float64Array, step: number, along: Float64Array) =>
    from.map((value, i) => value + step * along[i]);
  let now = x;
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const u = Math.log(sigmas[i]);
    const h = Math.log(sigmas[i + 1]) - u;
    const k1 = slope(now, u);
    const k2 = slope(moved(now, h / 2, k1), u + h / 2);
    const k3 = slope(moved(now, h / 2, k2), u + h / 2);
    const k4 = slope(moved(now, h, k3), u + h);
    now = now.map((value, j) => value + (h / 6) * (k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j]));
  }
  return now;
}

function schedulerCases(
  golden: SchedulerRuns,
  i: number,
  mixture: GaussianMixture,
  unit: Float64Array,
): GoldenCase[] {
  return golden.runs.map(({ N, final }) => ({
    id: `${i} ${golden.class} N ${N}`,
    run(): Verdict {
      const { scheduler } = readScheduler({ ...golden.config, _class_name: golden.class });
      const plan = scheduler.plan({ steps: N });
      const edm = golden.class.startsWith('EDM');
      const flow = golden.class.startsWith('FlowMatch') || golden.config.use_flow_sigmas === true;
      const x = unit.map((value) => value * plan.initNoiseSigma);
      const result = drive(plan.solve(x), (at) => {
        if (edm) return mixture.edmOutput(at, Number(golden.config.sigma_data));
        return flow ? mixture.velocity(at) : mixture.expectation(at.x, at).noise;
      });
      return within('final', result, numbers(final), absolute(1e-6));
    },
  }));
}
