/**
 * The square root of float32 tensors as torch computes it on the machines the reference tables come from: not
 * the correctly rounded one, but an estimate and two corrections in float32, off by one unit in the last place
 * for one value in six. Tables of noise levels are made of such roots, and the zero-terminal-SNR rescaling
 * amplifies their last bit, so equal tables need equal roots.
 *
 * The estimate of 1/sqrt(x) is the processors' own (12 bits, read off an AMD EPYC): the sum of two small tables,
 * indexed by bits of the significand and the exponent's parity.
 */
const f = Math.fround;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Estimate at the start of each of 512 intervals of [1, 4), two characters each, times 2^13 and less 2^12. */
const COARSE =
  '///v/f/Q/A+w+h+S+C9z9k9V9G838o8a8L787u7f7R7D616n6Z6L595v5h5U5G454r4e4Q4D323p3c3P3C212p2c2P2D121q1d1R' +
  '1E040s0g0U0Iz8zwzlzZzNzCy2yryeyTyIx8xxxmxbxQxFw6wvwkwZwOwEv5vuvkvZvPvEu6uvulubuRuGt8tytotetUtKtAs2ss' +
  'sisZsPsFr8ryrprfrWrMrDq6qwqnqeqUqLqCp5pwpnpepVpMpDo7oyopohoYoPoHn+n2ntnlncnUnLnDm7mymqmimZmRmJmBl5lx' +
  'lplhlZlRlJlBk5kykqkikakSkLkDj7j0jsjljdjWjOjHi/i4ixipiiibiUiNiFh+h3hwhphihbhUhNhGg/g4gwgpgigcgVgOgHgA' +
  'f6fzfsfmfffYfSfLfFe+e4exerekeeeXeReLeEd+d4dxdrdldedYdSdMdGdAc6czctcnchcbcVcPcJcDb9b3bxbrblbgbabUbObI' +
  'bDa9a3axasamagaVaKZ+ZzZpZeZTZIY9YzYoYdYTYIX+XzXpXfXUXKXAW2WsWiWZWPWFV7VyVoVfVVVLVCU5UvUmUdUUULUCT5Tw' +
  'TnTeTVTMTDS7SySpShSYSQSHR/R3RuRmReRVRNRFQ9Q1QtQlQdQVQNQFP9P1PuPmPePXPPPIPAO5OxOqOiObOUOMOFN+N3NvNoNh' +
  'NaNTNMNFM+M3MwMpMiMbMVMOMHMAL6LzLsLmLfLZLSLMLFK/K4KyKsKlKfKZKSKMKGKAJ5JzJtJnJhJbJVJPJJJDI9I3IxIrIlIg' +
  'IaIUIOIJIDH9H3HyHsHnHhHbHWHQHLHFHAG7G1GwGqGlGgGaGVGQGKGFGAF7F2FwFrFmFhFcFXFSFNFIFDE+E5E0EvEqElEgEaEW' +
  'EREMEHECD9D5D0DvDqDmDhDcDYDTDODKDFDBC8C3CzCuCqClChCcCYCTCPCLCGCCB9B5B1BwBsBoBjBfBbBXBSBOBKBGBBA9A5A1' +
  'AxAtApAkAgAcAYAUAQAMAIAE';

/** What to take off within an interval: 16 hexadecimal digits for each of 32 groups of intervals. */
const FINE =
  '01234567789abcde01233456789aabcd012234566789abbc0122344567789aab001223455677899a011233455667889a0012' +
  '2334456678890011223445566788011223344556677800112233445566770011223334455667011222334455666700111223' +
  '33445566001122233444555600111223334455560001112233344455011233455677899a0012233455677899001223344566' +
  '7788001223344556677800112233445566770111223344556667001122233445556600112223344455660001122233344555' +
  '0011122233344455001112223334445501112223334444550001112222333444000111222233344400111122223333440011' +
  '112222333344';

const coarse = Int32Array.from({ length: 512 }, (_, i) => {
  const high = ALPHABET.indexOf(COARSE.charAt(2 * i));
  return 4096 + 64 * high + ALPHABET.indexOf(COARSE.charAt(2 * i + 1));
});
const fine = Int32Array.from(FINE, (digit) => Number.parseInt(digit, 16));

const bitsAsFloat = new Float32Array(1);
const floatBits = new Int32Array(bitsAsFloat.buffer);

/** The processor's estimate of 1/sqrt(x) for x in [1, 4). */
function reciprocalRootEstimate(x: number): number {
  bitsAsFloat[0] = x;
  const bits = floatBits[0] - 0x3f800000;
  return (coarse[bits >> 15] - fine[((bits >> 19) << 4) | ((bits >> 11) & 15)]) * 2 ** -13;
}

/** sqrt(x) of a float32 value as a float32 value; NaN below zero. */
export function sqrtFloat32(value: number): number {
  if (!(value > 0) || value === Number.POSITIVE_INFINITY) return Math.sqrt(value);
  const half = Math.floor(Math.log2(value) / 2);
  let x = value * 4 ** -half;
  let scale = 2 ** half;
  // log2 may round across a power of four.
  if (x >= 4) {
    x /= 4;
    scale *= 2;
  } else if (x < 1) {
    x *= 4;
    scale /= 2;
  }
  const r = reciprocalRootEstimate(x);
  const y = f(x * r);
  const h = 0.5 * r;
  const error = f(0.5 - f(y * h));
  const y1 = f(y + f(y * error));
  const h1 = f(h + f(h * error));
  return f(y1 + f(f(x - f(y1 * y1)) * h1)) * scale;
}
