import path from 'node:path';
import { GeneratorList } from '../../models/core/random/generator-list.ts';
import { TorchGenerator } from '../../models/core/random/torch-generator.ts';
import { firstOf, sameBits, sameIntegers, ulps, within } from './compare.ts';
import type { GoldenCase, Level, Verdict } from './level.ts';
import { numbers, readJson, type Stored } from './stored.ts';

interface RngCase {
  readonly op: string;
  readonly dtype?: 'f32' | 'f64';
  readonly seed?: string;
  readonly seeds?: readonly string[];
  readonly size?: number;
  readonly sizes?: readonly number[];
  readonly shape?: readonly number[];
  readonly low?: number | string;
  readonly high?: number | string;
  readonly level?: string;
  /** One array a call for randn_sequence. */
  readonly expected: Stored;
  readonly then_randn5?: Stored;
  readonly single_generator_first_seed?: Stored;
  readonly calls?: readonly RngCase[];
}

/** The torch CPU generator, bit for bit. */
export const level: Level = {
  name: 'rng',
  cases(dir) {
    const suite = readJson<{ cases: readonly RngCase[] }>(dir, 'rng/cases.json');
    const folder = path.join(dir, 'rng');
    return (suite?.cases ?? []).map((golden, i) => describe(golden, i, folder));
  },
};

function describe(golden: RngCase, i: number, folder: string): GoldenCase {
  const { op, dtype = '', seed = golden.seeds?.join('-'), size = golden.sizes?.join('-') ?? '' } = golden;
  return { id: `${i} ${op} ${dtype} seed ${seed} size ${size}`, run: () => check(golden, folder) };
}

function check(golden: RngCase, folder: string): Verdict {
  if (golden.op === 'randn_generator_list') return checkList(golden, folder);
  const rng = new TorchGenerator(BigInt(golden.seed ?? 0));
  if (golden.op === 'mixed')
    return firstOf(...(golden.calls ?? []).map((call) => checkCall(rng, call, folder)));
  return checkCall(rng, golden, folder);
}

function checkCall(rng: TorchGenerator, golden: RngCase, folder: string): Verdict {
  const { op, size = 0, dtype = 'f32', expected } = golden;
  switch (op) {
    case 'rand': {
      const out = floats(dtype, size);
      rng.rand(out);
      return sameBits('rand', out, expected, folder);
    }
    case 'randn': {
      const out = floats(dtype, size);
      rng.randn(out);
      const first =
        golden.level === 'ulp2'
          ? within('randn', out, numbers(expected, folder), ulps(2, dtype))
          : sameBits('randn', out, expected, folder);
      if (first !== null || !golden.then_randn5) return first;
      const five = new Float32Array(5);
      rng.randn(five);
      return sameBits('the next randn(5)', five, golden.then_randn5, folder);
    }
    case 'randn_sequence': {
      const verdicts = (golden.sizes ?? []).map((n, i) => {
        const out = floats(dtype, n);
        rng.randn(out);
        return sameBits(`randn call ${i}`, out, Array.isArray(expected) ? expected[i] : expected, folder);
      });
      return firstOf(...verdicts);
    }
    case 'randint': {
      const out = new BigInt64Array(size);
      rng.randint(BigInt(golden.low ?? 0), BigInt(golden.high ?? 0), out);
      return sameIntegers('randint', out, expected, folder);
    }
    case 'randperm':
      return sameIntegers('randperm', BigInt64Array.from(rng.randperm(size), BigInt), expected, folder);
    case 'mt19937_words': {
      const words = BigInt64Array.from({ length: size }, () => BigInt(rng.word()));
      return sameIntegers('words', words, expected, folder);
    }
    default:
      return `the suite asks for ${op}, which this runner does not know`;
  }
}

function checkList(golden: RngCase, folder: string): Verdict {
  const seeds = golden.seeds ?? [];
  const out = floats(
    golden.dtype ?? 'f32',
    (golden.shape ?? []).reduce((a, b) => a * b, 1),
  );
  new GeneratorList(seeds.map((seed) => new TorchGenerator(BigInt(seed)))).randn(out);
  const list = sameBits('randn of a generator list', out, golden.expected, folder);
  if (list !== null || !golden.single_generator_first_seed) return list;
  new TorchGenerator(BigInt(seeds[0])).randn(out);
  return sameBits('randn of one generator', out, golden.single_generator_first_seed, folder);
}

function floats(dtype: 'f32' | 'f64', size: number): Float32Array | Float64Array {
  return dtype === 'f32' ? new Float32Array(size) : new Float64Array(size);
}
