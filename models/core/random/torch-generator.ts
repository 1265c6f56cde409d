import type { Latent, Rng } from '../types.ts';
import { boxMuller, boxMuller16Double } from './box-muller.ts';
import { Mt19937 } from './mt19937.ts';

/** Ranges from here on draw 64 bits a value. */
const WIDE_RANGE = 1n << 28n;

/**
 * torch's CPU generator, bit for bit: `torch.Generator().manual_seed(seed)` and the calls made on it.
 *
 * Tensors of 16 and more float32 normal values go through the vector kernel (blocks of 16; a remainder redraws
 * the last 16 slots); smaller ones come one by one in double precision, where every second value is kept for
 * the next small call.
 */
export class TorchGenerator implements Rng {
  readonly #engine: Mt19937;
  #kept: number | null = null;

  /** @param seed any 64-bit integer; only its low 32 bits matter, as in torch. */
  constructor(seed: number | bigint) {
    this.#engine = new Mt19937(Number(BigInt.asUintN(32, BigInt(seed))));
  }

  /** The engine's next 32-bit word. */
  word(): number {
    return this.#engine.word();
  }

  randn(out: Latent): void {
    if (out.length < 16) {
      for (let j = 0; j < out.length; j++) out[j] = this.#singleNormal();
    } else if (out instanceof Float32Array) {
      this.#blockNormals(out);
    } else {
      this.#blockNormalsDouble(out);
    }
  }

  rand(out: Latent): void {
    if (out instanceof Float32Array) this.#engine.uniforms(out, 0);
    else for (let j = 0; j < out.length; j++) out[j] = this.#doubleUniform();
  }

  /** @throws RangeError when the range is empty. */
  randint(low: bigint, high: bigint, out: BigInt64Array): void {
    const range = high - low;
    if (range <= 0n) throw new RangeError(`randint needs low < high, got ${low} and ${high}`);
    for (let j = 0; j < out.length; j++) {
      out[j] = low + ((range < WIDE_RANGE ? BigInt(this.word()) : this.#word64()) % range);
    }
  }

  /** Fisher and Yates's shuffle from the front. */
  randperm(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, j) => j);
    for (let j = 0; j < n - 1; j++) {
      const other = j + (this.word() % (n - j));
      const value = order[j];
      order[j] = order[other];
      order[other] = value;
    }
    return order;
  }

  #doubleUniform(): number {
    const high = this.#engine.word() & 0x1fffff;
    return (high * 2 ** 32 + this.#engine.word()) * 2 ** -53;
  }

  #word64(): bigint {
    const high = BigInt(this.#engine.word());
    return (high << 32n) | BigInt(this.#engine.word());
  }

  #singleNormal(): number {
    if (this.#kept !== null) {
      const value = this.#kept;
      this.#kept = null;
      return value;
    }
    const angle = 2 * Math.PI * this.#doubleUniform();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#doubleUniform()));
    this.#kept = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  #blockNormals(out: Float32Array): void {
    this.#engine.uniforms(out, 0);
    const whole = out.length - (out.length % 16);
    boxMuller(out, 0, whole);
    if (whole !== out.length) {
      this.#engine.uniforms(out, out.length - 16);
      boxMuller(out, out.length - 16, out.length);
    }
  }

  #blockNormalsDouble(out: Float64Array): void {
    for (let j = 0; j < out.length; j++) out[j] = this.#doubleUniform();
    const whole = out.length - (out.length % 16);
    for (let at = 0; at < whole; at += 16) boxMuller16Double(out, at);
    if (whole !== out.length) {
      for (let j = out.length - 16; j < out.length; j++) out[j] = this.#doubleUniform();
      boxMuller16Double(out, out.length - 16);
    }
  }
}
