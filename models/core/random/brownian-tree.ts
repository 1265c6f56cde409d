import { zerosLike } from '../math/kernels.ts';
import { sqrtFloat32 } from '../math/sqrt-float32.ts';
import type { Latent, NoiseSeed } from '../types.ts';
import { seedWords } from './seed-sequence.ts';
import { TorchGenerator } from './torch-generator.ts';

const DIGITS = 6;
const POOL_SIZE = 24;
/** Increments kept at hand. Which ones are kept changes the time a query takes, never its answer. */
const KEPT = 45;

/** An interval of the tree. Its increment follows from its parent's and from the noise the parent's seed gives. */
interface Interval {
  readonly start: number;
  readonly end: number;
  readonly parent: Interval | null;
  readonly isLeft: boolean;
  readonly key: number;
  readonly depth: number;
  split: Split | null;
}

interface Split {
  readonly middle: number;
  readonly seed: number;
  readonly left: Interval;
  readonly right: Interval;
}

export interface BrownianTreeOptions {
  /** The path's time runs from the lower to the higher of these. */
  readonly from: number;
  readonly to: number;
  readonly seed: number | bigint;
  /** An array of the kind and length that increments have. */
  readonly like: Latent;
}

/**
 * A path of Brownian motion that one seed fixes whatever is asked of it and in which order: intervals are halved until
 * their ends, on a grid of 1e-6, meet the question, and each half's increment is drawn given the whole's (a Brownian
 * bridge). Equals torchsde's BrownianTree (Li et al. 2020, section 4; Kidger et al. 2021, section 4) on torch's CPU
 * generator bit for bit, where it is used without Lévy areas: the seeds are numpy's SeedSequence of the interval's place,
 * increments are float32 with every operation rounded.
 *
 * A question takes one tensor of noise for every level of the tree that it goes down, about 24 for two new ends.
 */
export class BrownianTree {
  readonly #root: Interval;
  readonly #seed: number | bigint;
  readonly #whole: Latent;
  readonly #kept = new Map<Interval, Latent>();
  readonly #noise: Latent;
  readonly #round: (value: number) => number;

  constructor({ from, to, seed, like }: BrownianTreeOptions) {
    const [start, end] = from < to ? [from, to] : [to, from];
    this.#round = like instanceof Float32Array ? Math.fround : (value) => value;
    this.#seed = seed;
    this.#root = {
      start: roundTime(start),
      end: roundTime(end),
      parent: null,
      isLeft: false,
      key: 0,
      depth: 0,
      split: null,
    };
    this.#noise = zerosLike(like);
    this.#whole = zerosLike(like);
    new TorchGenerator(seedWords({ entropy: seed, poolSize: POOL_SIZE }, 3)[0]).randn(this.#whole);
    const scale = this.#round(Math.sqrt(end - start));
    for (let i = 0; i < like.length; i++) this.#whole[i] *= scale;
  }

  /**
   * out = W(b) - W(a) for a <= b. Times outside the path count as its ends. Between times that meet on the grid nothing
   * moves (torchsde gives zero there too, or halves without end, depending on the rounding).
   */
  increment(a: number, b: number, out: Latent): void {
    const { start, end } = this.#root;
    const from = roundTime(Math.min(Math.max(a, start), end));
    const to = roundTime(Math.min(Math.max(b, start), end));
    out.fill(0);
    if (from === to) return;
    const intervals: Interval[] = [];
    this.#locate(this.#root, from, to, intervals);
    intervals.forEach((interval, k) => {
      const increment = this.#incrementOf(interval);
      if (k === 0) out.set(increment);
      else for (let i = 0; i < out.length; i++) out[i] += increment[i];
    });
  }

  #locate(within: Interval, a: number, b: number, found: Interval[]): void {
    let interval = within;
    while (a !== interval.start || b !== interval.end) {
      if (!interval.split) this.#splitAt(interval, a === interval.start ? b : a);
      const split = interval.split;
      if (!split) return;
      if (b <= split.middle) interval = split.left;
      else if (a >= split.middle) interval = split.right;
      else {
        this.#locate(split.left, a, split.middle, found);
        this.#locate(split.right, split.middle, b, found);
        return;
      }
    }
    found.push(interval);
  }

  /** Halves the interval, and the half that holds `time`, until `time` is an end. */
  #splitAt(whole: Interval, time: number): void {
    let interval = whole;
    for (;;) {
      const { left, right, middle } = this.#halve(interval);
      if (time === middle) return;
      interval = time > middle ? right : left;
    }
  }

  #halve(parent: Interval): Split {
    const middle = roundTime(0.5 * (parent.end + parent.start));
    const half = (isLeft: boolean): Interval => ({
      start: isLeft ? parent.start : middle,
      end: isLeft ? middle : parent.end,
      parent,
      isLeft,
      key: 2 * parent.key + (isLeft ? 0 : 1),
      depth: parent.depth + 1,
      split: null,
    });
    const spawnKey = [parent.key, parent.depth];
    const [seed] = seedWords({ entropy: this.#seed, spawnKey, poolSize: POOL_SIZE }, 4);
    parent.split = { middle, seed, left: half(true), right: half(false) };
    return parent.split;
  }

  #incrementOf(interval: Interval): Latent {
    const path: Interval[] = [];
    let known: Interval = interval;
    while (known.parent && !this.#kept.has(known)) {
      path.unshift(known);
      known = known.parent;
    }
    let increment = this.#kept.get(known) ?? this.#whole;
    for (const next of path) increment = this.#bridge(next, increment);
    return increment;
  }

  /** The increment of a half, given its parent's. */
  #bridge(interval: Interval, whole: Latent): Latent {
    const { parent, isLeft } = interval;
    if (!parent?.split) return whole;
    const { middle, seed } = parent.split;
    const perLength = 1 / (parent.end - parent.start);
    const left = middle - parent.start;
    const right = parent.end - middle;
    const f = this.#round;
    const [share, inverse] = [f(left), f(perLength)];
    const deviation = f(Math.sqrt(left * right * perLength));
    new TorchGenerator(seed).randn(this.#noise);
    const out = this.#room(whole);
    for (let i = 0; i < out.length; i++) {
      const mean = f(f(share * whole[i]) * inverse);
      const own = f(mean + f(deviation * this.#noise[i]));
      out[i] = isLeft ? own : whole[i] - own;
    }
    this.#kept.set(interval, out);
    return out;
  }

  /** An array for one more increment: the oldest one's, once enough are kept, but never the one in use. */
  #room(inUse: Latent): Latent {
    if (this.#kept.size >= KEPT) {
      for (const [interval, increment] of this.#kept) {
        if (increment === inUse) continue;
        this.#kept.delete(interval);
        return increment;
      }
    }
    return zerosLike(this.#whole);
  }
}

/**
 * Six decimals as Python's `round(x, 6)`: to the nearest, and of two equally near to the even one. A tie needs an odd
 * multiple of 1/128: only those have their last decimal in the seventh place.
 */
function roundTime(time: number): number {
  if (Math.abs(time * 128) % 2 !== 1) return Number(time.toFixed(DIGITS));
  const below = Math.floor(time * 10 ** DIGITS);
  return (below % 2 === 0 ? below : below + 1) / 10 ** DIGITS;
}

export interface BrownianNoiseOptions {
  /** Ends of the noise levels a run goes through, in either order. */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** One for the whole tensor, or one for each picture of the batch. */
  readonly seed: NoiseSeed;
  readonly like: Latent;
}

/**
 * Unit noise for a step between two noise levels: a Brownian tree's increment over the root of their distance, as
 * k-diffusion's BrownianTreeNoiseSampler gives it. Levels are float32 values.
 */
export class BrownianNoise {
  readonly #trees: readonly BrownianTree[];
  readonly #out: Latent;

  /** @throws RangeError when the tensor does not divide among the seeds. */
  constructor({ sigmaMin, sigmaMax, seed, like }: BrownianNoiseOptions) {
    const seeds = typeof seed === 'object' ? seed : [seed];
    if (seeds.length === 0 || like.length % seeds.length !== 0) {
      throw new RangeError(`${like.length} values do not divide among ${seeds.length} noise seeds`);
    }
    this.#out = zerosLike(like);
    const part = like.length / seeds.length;
    this.#trees = seeds.map(
      (one) =>
        new BrownianTree({
          from: Math.fround(sigmaMin),
          to: Math.fround(sigmaMax),
          seed: one,
          like: like.subarray(0, part),
        }),
    );
  }

  /** The noise of a step, in an array that every call reuses. */
  between(sigma: number, next: number): Latent {
    const [from, to] = [Math.fround(sigma), Math.fround(next)];
    const out = this.#out;
    const part = out.length / this.#trees.length;
    this.#trees.forEach((tree, k) =>
      tree.increment(Math.min(from, to), Math.max(from, to), out.subarray(k * part, (k + 1) * part)),
    );
    // The time runs from the lower level to the higher, a step the other way.
    const scale = (from < to ? 1 : -1) * sqrtFloat32(Math.fround(Math.abs(to - from)));
    for (let i = 0; i < out.length; i++) out[i] /= scale;
    return out;
  }
}
