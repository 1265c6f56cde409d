import type { Latent, Rng } from '../types.ts';

/**
 * One generator per picture of a batch: the k-th draws the k-th equal part of every tensor, so a picture does
 * not depend on its neighbours in the batch.
 */
export class GeneratorList implements Rng {
  readonly #generators: readonly Rng[];

  /** @throws RangeError when the list is empty. */
  constructor(generators: readonly Rng[]) {
    if (generators.length === 0) throw new RangeError('a generator list needs at least one generator');
    this.#generators = generators;
  }

  /** @throws RangeError when out does not divide evenly among the generators. */
  randn(out: Latent): void {
    const part = this.#partLength(out.length);
    this.#generators.forEach((generator, k) => generator.randn(out.subarray(k * part, (k + 1) * part)));
  }

  /** @throws RangeError when out does not divide evenly among the generators. */
  rand(out: Latent): void {
    const part = this.#partLength(out.length);
    this.#generators.forEach((generator, k) => generator.rand(out.subarray(k * part, (k + 1) * part)));
  }

  /** @throws RangeError when out does not divide evenly among the generators. */
  randint(low: bigint, high: bigint, out: BigInt64Array): void {
    const part = this.#partLength(out.length);
    this.#generators.forEach((generator, k) =>
      generator.randint(low, high, out.subarray(k * part, (k + 1) * part)),
    );
  }

  /** A permutation has no parts: the first generator draws it. */
  randperm(n: number): Int32Array {
    return this.#generators[0].randperm(n);
  }

  #partLength(length: number): number {
    const count = this.#generators.length;
    if (length % count !== 0)
      throw new RangeError(`${length} values do not divide among ${count} generators`);
    return length / count;
  }
}
