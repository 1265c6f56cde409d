/** A loop in WebAssembly as its instructions, without the module around it. */
export interface LoopCode {
  /** Instructions before the loop. */
  readonly before: readonly number[];
  /** One round. The local `AT` holds the address it works at. */
  readonly round: readonly number[];
  /** Locals of 128 bits, numbered from `FIRST_VECTOR`. */
  readonly vectors: number;
  /** Bytes that a round works on. */
  readonly stride: number;
  /** Bytes of memory. */
  readonly capacity: number;
}

/** Local variables of the function: where the data ends, and where the round stands. */
const END = 0;
export const AT = 1;
export const FIRST_VECTOR = 2;

const PAGE = 65536;
const I32 = 0x7f;
const V128 = 0x7b;
const VOID = 0x40;

const TYPES = 1;
const FUNCTIONS = 3;
const MEMORY = 5;
const EXPORTS = 7;
const CODE = 10;

const LOOP = 0x03;
const BRANCH_IF = 0x0d;
const CLOSE = 0x0b;
export const LOCAL_GET = 0x20;
export const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
export const I32_CONST = 0x41;
const I32_LESS_UNSIGNED = 0x49;
const I32_ADD = 0x6a;

/**
 * The bytes of a module (WebAssembly specification, chapter 5) that exports its memory as `m` and a function `f(end)`,
 * which runs the rounds at 0, stride, 2·stride … below `end`, at least one.
 */
export function loopModule({ before, round, vectors, stride, capacity }: LoopCode): Uint8Array<ArrayBuffer> {
  const body = [
    ...[2, 1, I32, ...unsigned(vectors), V128],
    ...before,
    ...[LOOP, VOID, ...round],
    ...[LOCAL_GET, AT, I32_CONST, ...signed(stride), I32_ADD, LOCAL_TEE, AT],
    ...[LOCAL_GET, END, I32_LESS_UNSIGNED, BRANCH_IF, 0],
    ...[CLOSE, CLOSE],
  ];
  const name = (text: string): readonly number[] => [text.length, ...new TextEncoder().encode(text)];
  return Uint8Array.from([
    ...[0, ...new TextEncoder().encode('asm'), 1, 0, 0, 0],
    ...section(TYPES, [1, 0x60, 1, I32, 0]),
    ...section(FUNCTIONS, [1, 0]),
    ...section(MEMORY, [1, 0, ...unsigned(Math.ceil(capacity / PAGE))]),
    ...section(EXPORTS, [2, ...name('m'), 2, 0, ...name('f'), 0, 0]),
    ...section(CODE, [1, ...unsigned(body.length), ...body]),
  ]);
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...unsigned(content.length), ...content];
}

/** LEB128: seven bits a byte, lowest first, the eighth while more follow. */
export function unsigned(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** The same with the sign in the last byte's seventh bit. */
function signed(value: number): readonly number[] {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
