import path from 'node:path';
import { type BetaSchedule, betaTables } from '../../models/core/schedule/betas.ts';
import { firstOf, sameHash, ulps, within } from './compare.ts';
import type { Level, Verdict } from './level.ts';
import { type Stored, numbers, readJson, type StoredNumber, toNumber } from './stored.ts';

interface SampledTable extends Stored {
  readonly sample_index: readonly number[];
  readonly sample_value: readonly StoredNumber[];
  /** The whole table, where the suite stores it. */
  readonly full?: Stored;
}

interface TableCase {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: BetaSchedule;
  readonly rescale_betas_zero_snr: boolean;
  readonly betas: SampledTable;
  readonly alphas_cumprod: SampledTable;
  readonly level: 'exact' | 'ulp4';
}

/** Betas and alphas_cumprod. */
export const level: Level = {
  name: 'tables',
  cases(dir) {
    const suite = readJson<{ cases: readonly TableCase[] }>(dir, 'tables/cases.json');
    return (suite?.cases ?? []).map((golden, i) => ({
      id: `${i} ${golden.beta_schedule} T ${golden.num_train_timesteps} zero-SNR ${golden.rescale_betas_zero_snr}`,
      run: () => check(golden, path.join(dir, 'tables')),
    }));
  },
};

function check(golden: TableCase, folder: string): Verdict {
  const { betas, alphasCumprod } = betaTables({
    numTrainTimesteps: golden.num_train_timesteps,
    betaStart: golden.beta_start,
    betaEnd: golden.beta_end,
    schedule: golden.beta_schedule,
    rescaleZeroSnr: golden.rescale_betas_zero_snr,
  });
  return firstOf(
    compare('betas', betas, golden.betas, golden.level, folder),
    compare('alphas_cumprod', alphasCumprod, golden.alphas_cumprod, golden.level, folder),
  );
}

function compare(
  what: string,
  actual: Float32Array,
  stored: SampledTable,
  level: TableCase['level'],
  folder: string,
): Verdict {
  const samples = stored.sample_index.map((at) => actual[at]);
  const expected = stored.sample_value.map((value) => Math.fround(toNumber(value)));
  const fourUlp = ulps(4, 'f32');
  const tolerance = level === 'exact' ? () => 0 : (value: number) => Math.max(fourUlp(value), 1e-9);
  const sampled = within(`${what} sample`, samples, expected, tolerance);
  if (sampled !== null) return sampled;
  if (level === 'exact') return sameHash(what, actual, stored.sha256);
  return stored.full ? within(what, actual, numbers(stored.full, folder), tolerance) : null;
}
