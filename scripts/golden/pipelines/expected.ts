import { absolute, type Tolerance, within } from '../compare.ts';
import type { Verdict } from '../level.ts';
import { numbers, type Stored, type StoredNumber, toNumber } from '../stored.ts';

/** An array of expected.json: in full, or known at some positions only. */
export interface Expected extends Partial<Stored> {
  readonly probe_index?: readonly number[];
  readonly probe_value?: readonly StoredNumber[];
}

export interface PipelineExpected {
  readonly tolerance?: {
    readonly latents_abs: number;
    readonly image_abs: number;
    readonly u8_max: number;
    readonly u8_fraction: number;
  };
  readonly denoiser?: { readonly count: number };
  readonly steps?: readonly Expected[];
  readonly final_latents?: Expected;
  readonly stage1_latents?: Expected;
  readonly decoder_input?: Expected;
  readonly decoded?: Expected;
  readonly image_float?: Expected;
  readonly final_image_float?: Expected;
  readonly image_u8?: Expected;
  readonly audio?: Expected;
  readonly timesteps?: Expected | readonly number[];
}

/** Compares an array with what is stored of it; null when nothing is stored. */
export function compareArray(
  what: string,
  actual: ArrayLike<number> | null,
  comparison: {
    readonly expected: Expected | undefined;
    readonly tolerance: Tolerance;
    readonly dir: string;
  },
): Verdict {
  const { expected, tolerance, dir } = comparison;
  if (expected === undefined) return null;
  if (actual === null) return `${what} was not made`;
  const size = expected.shape?.reduce((total, side) => total * side, 1);
  if (size !== undefined && size !== actual.length)
    return `${what} has ${actual.length} values, expected ${size}`;
  if (isStored(expected)) return within(what, actual, numbers(expected, dir), tolerance);
  const { probe_index: at = [], probe_value: values = [] } = expected;
  return within(
    `${what} (probes)`,
    at.map((i) => actual[i]),
    values.map(toNumber),
    tolerance,
  );
}

/** Bytes may differ by `max` in at most `fraction` of the values. */
export function compareBytes(
  actual: Uint8Array | null,
  expected: Expected | undefined,
  limits: { readonly dir: string; readonly max: number; readonly fraction: number },
): Verdict {
  const verdict = compareArray('image_u8', actual, {
    expected,
    tolerance: absolute(limits.max),
    dir: limits.dir,
  });
  if (verdict !== null || expected === undefined || actual === null || !isStored(expected)) return verdict;
  const stored = numbers(expected, limits.dir);
  const differing = stored.reduce((total, value, i) => total + (value === actual[i] ? 0 : 1), 0);
  return differing <= limits.fraction * stored.length
    ? null
    : `image_u8 differs in ${differing} of ${stored.length} values`;
}

function isStored(expected: Expected): expected is Stored {
  return (
    expected.dtype !== undefined &&
    expected.shape !== undefined &&
    (expected.values !== undefined || expected.file !== undefined)
  );
}
