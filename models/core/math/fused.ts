import { type Vector, type VectorLoop, VectorLoopWriter } from './vector-loop.ts';

/** Appends a·b + c of float32 lanes, rounded once. */
export type FusedMultiplyAdd = (writer: VectorLoopWriter, a: Vector, b: Vector, c: Vector) => Vector;

/** One instruction, on processors and engines that have it (see `compileFused`). */
const byProcessor: FusedMultiplyAdd = (writer, a, b, c) => writer.apply('f32 relaxed multiply add', a, b, c);

/**
 * In double precision, where the product of two float32 is exact. Only the sum can be off, and rounding it a second time to
 * float32 would then be wrong on what looks like a tie; rounded to odd instead (Boldo and Melquiond 2008), it is right.
 */
export const byDoubles: FusedMultiplyAdd = (writer, a, b, c) => {
  const low = roundedPair(writer, a, b, c);
  const [highA, highB, highC] = [a, b, c].map((value) => writer.shuffle(value, value, [2, 3, 2, 3]));
  return writer.shuffle(low, roundedPair(writer, highA, highB, highC), [0, 1, 4, 5]);
};

/** The first two lanes of a·b + c. */
function roundedPair(writer: VectorLoopWriter, a: Vector, b: Vector, c: Vector): Vector {
  const addend = writer.apply('f64 of f32', c);
  const product = writer.apply('f64 multiply', writer.apply('f64 of f32', a), writer.apply('f64 of f32', b));
  const sum = writer.apply('f64 add', product, addend);
  // What the sum lost (Knuth's two-sum).
  const added = writer.apply('f64 subtract', sum, product);
  const error = writer.apply(
    'f64 add',
    writer.apply('f64 subtract', product, writer.apply('f64 subtract', sum, added)),
    writer.apply('f64 subtract', addend, added),
  );
  // A sum that lost something and ends in an even bit moves one unit toward the exact value, which makes it odd.
  const away = writer.shift('i64 shift right signed', writer.apply('xor', error, sum), 63);
  const unit = writer.apply('or', away, writer.wide(1n));
  const lost = writer.apply('f64 unequal', error, writer.apply('xor', error, error));
  const even = writer.apply('i64 add', writer.apply('and', sum, writer.wide(1n)), writer.wide(-1n));
  const change = writer.apply('and', unit, writer.apply('and', lost, even));
  return writer.apply('f32 of f64', writer.apply('i64 add', sum, change));
}

/** Compiles a loop with the processor's own fused multiply-add, or with one made of doubles where it has none. */
export function compileFused(compile: (fused: FusedMultiplyAdd) => VectorLoop | null): VectorLoop {
  const loop = (isFused() && compile(byProcessor)) || compile(byDoubles);
  if (loop === null) throw new TypeError('this engine has no WebAssembly vectors');
  return loop;
}

/** An engine may run the relaxed instruction as two roundings: (1 + 2^-12)² - 1 - 2^-11 is 2^-24 only when there is one. */
function isFused(): boolean {
  const writer = new VectorLoopWriter();
  writer.store(0, byProcessor(writer, writer.load(0), writer.load(0), writer.float(-1 - 2 ** -11)));
  const loop = writer.compile(4, 1);
  if (loop === null) return false;
  loop.memory.fill(1 + 2 ** -12);
  loop.run(1);
  return loop.memory[0] === 2 ** -24;
}
