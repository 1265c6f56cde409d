import { igso3AngleDensity, igso3Density, igso3Score } from '../../models/core/geometry/igso3.ts';
import { moleculeSchedule, moleculeStep } from '../../models/core/geometry/molecule.ts';
import { quaternionOfVector, rotationOfVector } from '../../models/core/geometry/rotation.ts';
import { meanSquaredScore, torusSigma, wrappedNormal } from '../../models/core/geometry/torus.ts';
import { zeroComLogDensity, zeroComNoise } from '../../models/core/geometry/zero-com.ts';
import { TorchGenerator } from '../../models/core/random/torch-generator.ts';
import { firstOf, relative, within } from './compare.ts';
import type { GoldenCase, Level } from './level.ts';
import { numbers, readJson, type Stored } from './stored.ts';

interface ReverseStep {
  readonly t: number;
  readonly s: number;
  readonly sigma2_t_given_s: number;
  readonly alpha_t_given_s: number;
  readonly mean_coef_z: number;
  readonly mean_coef_eps: number;
  readonly noise_std: number;
}

interface Suite {
  readonly zero_com: {
    readonly cases: readonly {
      readonly seed: number;
      readonly shape: readonly number[];
      readonly node_count: readonly number[];
      readonly noise: Stored;
      readonly log_density: Stored;
    }[];
  };
  readonly molecule_schedule: {
    readonly cases: readonly {
      readonly T: number;
      readonly power: number;
      readonly precision_s: number;
      readonly clip: number;
      readonly index: readonly number[];
      readonly alphas2: Stored;
      readonly gamma: Stored;
      readonly reverse_step: readonly ReverseStep[];
    }[];
  };
  readonly torus_wrapped_normal: {
    readonly cases: readonly {
      readonly sigma: number;
      readonly theta: Stored;
      readonly log_density: Stored;
      readonly score: Stored;
      readonly mean_squared_score: number;
      readonly density_integral: number;
    }[];
    readonly sigma_schedule: { readonly t: readonly number[]; readonly sigma: readonly number[] };
  };
  readonly igso3: {
    readonly cases: readonly {
      readonly sigma: number;
      readonly omega: Stored;
      readonly f: Stored;
      readonly dlogf_domega: Stored;
      readonly integral_f_times_haar: number;
    }[];
  };
  readonly so3_exp: {
    readonly cases: readonly {
      readonly rotvec: Stored;
      readonly matrix: Stored;
      readonly quaternion_wxyz: Stored;
    }[];
  };
}

/** Values that are zero but for rounding are compared at the size of the terms they cancel from. */
const close = relative(1e-10, 1e-15);

/** Corruption of point clouds, angles and rotations against closed forms. */
export const level: Level = {
  name: 'geometry',
  cases(dir) {
    const suite = readJson<Suite>(dir, 'geometry/cases.json');
    if (!suite) return [];
    return [
      ...pointCases(suite),
      ...moleculeCases(suite),
      ...torusCases(suite),
      ...igso3Cases(suite),
      ...rotationCases(suite),
    ];
  },
};

function pointCases({ zero_com }: Suite): GoldenCase[] {
  return zero_com.cases.map((golden) => ({
    id: `zero centre of mass, seed ${golden.seed}`,
    run() {
      const batch = { counts: golden.node_count, room: golden.shape[1] };
      const noise = zeroComNoise(batch, new TorchGenerator(golden.seed));
      return firstOf(
        within('noise', noise, numbers(golden.noise), close),
        within('log density', zeroComLogDensity(noise, batch), numbers(golden.log_density), close),
      );
    },
  }));
}

function moleculeCases({ molecule_schedule }: Suite): GoldenCase[] {
  return molecule_schedule.cases.map((golden) => ({
    id: `molecule schedule, T ${golden.T}`,
    run() {
      const schedule = moleculeSchedule({
        steps: golden.T,
        power: golden.power,
        precision: golden.precision_s,
        leastRatio: golden.clip,
      });
      const steps = golden.reverse_step.map((expected) => {
        const actual = moleculeStep(schedule, expected.t, expected.s);
        return within(
          `step ${expected.t} to ${expected.s}`,
          [actual.varianceGiven, actual.alphaGiven, actual.meanZ, actual.meanNoise, actual.noise],
          [
            expected.sigma2_t_given_s,
            expected.alpha_t_given_s,
            expected.mean_coef_z,
            expected.mean_coef_eps,
            expected.noise_std,
          ],
          close,
        );
      });
      const { alphasSquared, gamma } = schedule;
      return firstOf(
        within(
          'alpha²',
          golden.index.map((t) => alphasSquared[t]),
          numbers(golden.alphas2),
          close,
        ),
        within(
          'gamma',
          golden.index.map((t) => gamma[t]),
          numbers(golden.gamma),
          close,
        ),
        ...steps,
      );
    },
  }));
}

/** The suite's densities underflow at 1e-320; the core's logarithm goes on. */
const LEAST_LOG = Math.log(1e-320);

function torusCases({ torus_wrapped_normal: { cases, sigma_schedule } }: Suite): GoldenCase[] {
  const densities = cases.map((golden) => ({
    id: `wrapped normal, sigma ${golden.sigma}`,
    run() {
      const theta = numbers(golden.theta);
      const logs = theta.map((angle) => Math.max(wrappedNormal(angle, golden.sigma).logDensity, LEAST_LOG));
      const scores = theta.map((angle) => wrappedNormal(angle, golden.sigma).score);
      // At ±π the two nearest images balance: what is left is rounding of π/sigma².
      const scoreLimit = relative(1e-10, (1e-14 * Math.PI) / golden.sigma ** 2);
      return firstOf(
        within('log density', logs, numbers(golden.log_density), close),
        within('score', scores, numbers(golden.score), scoreLimit),
        within(
          'mean squared score',
          [meanSquaredScore(golden.sigma)],
          [golden.mean_squared_score],
          relative(1e-6),
        ),
      );
    },
  }));
  const schedule = {
    id: 'torus sigma',
    run: () =>
      within(
        'sigma',
        sigma_schedule.t.map((t) => torusSigma(t)),
        sigma_schedule.sigma,
        close,
      ),
  };
  return [...densities, schedule];
}

function igso3Cases({ igso3 }: Suite): GoldenCase[] {
  return igso3.cases.map((golden) => ({
    id: `IGSO(3), sigma ${golden.sigma}`,
    run() {
      const { sigma } = golden;
      const omega = numbers(golden.omega);
      const density = omega.map((angle) => igso3Density(angle, sigma));
      const scores = omega.map((angle) => igso3Score(angle, sigma));
      const expected = numbers(golden.f);
      const expectedScores = numbers(golden.dlogf_domega);
      const parts = Array.from(omega, (angle, i) => {
        const { value, slope } = seriesRounding(angle, sigma);
        const size = Math.abs(expected[i]);
        const scoreNoise = (slope + Math.abs(expectedScores[i]) * value) / size;
        return firstOf(
          within(`f at ${angle}`, [density[i]], [expected[i]], relative(1e-10, value)),
          // Where the series has lost every digit its logarithm's slope is noise and says nothing.
          value > 0.1 * size
            ? null
            : within(`slope at ${angle}`, [scores[i]], [expectedScores[i]], relative(1e-10, 2 * scoreNoise)),
        );
      });
      return firstOf(
        ...parts,
        within('integral', [angleIntegral(sigma)], [golden.integral_f_times_haar], relative(1e-10)),
      );
    },
  }));
}

/**
 * The suite sums the series over frequencies in double precision, which leaves rounding of a few units in the last
 * place of its largest partial sums, however small f itself is.
 */
function seriesRounding(omega: number, sigma: number): { readonly value: number; readonly slope: number } {
  let value = 0;
  let slope = 0;
  for (let l = 0; l < 2000; l++) {
    const weight = (2 * l + 1) * Math.exp((-l * (l + 1) * sigma ** 2) / 2);
    value += weight;
    slope += weight * (l + 1);
  }
  const unit = 8 * 2 ** -53;
  const half = Math.sin(omega / 2);
  return { value: (unit * value) / half, slope: (unit * (slope + value)) / half ** 2 };
}

function angleIntegral(sigma: number): number {
  const intervals = 4000;
  let sum = 0;
  for (let i = 1; i < intervals; i++) {
    const weight = i % 2 === 1 ? 4 : 2;
    sum += weight * igso3AngleDensity((Math.PI * i) / intervals, sigma);
  }
  sum += igso3AngleDensity(Math.PI, sigma);
  return (sum * Math.PI) / intervals / 3;
}

function rotationCases({ so3_exp }: Suite): GoldenCase[] {
  return so3_exp.cases.map(({ rotvec, matrix, quaternion_wxyz: quaternion }, i) => ({
    id: `rotation ${i}`,
    run: () =>
      firstOf(
        within('matrix', rotationOfVector(numbers(rotvec)), numbers(matrix), close),
        within('quaternion', quaternionOfVector(numbers(rotvec)), numbers(quaternion), close),
      ),
  }));
}
