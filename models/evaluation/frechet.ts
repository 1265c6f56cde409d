/** A Gaussian fitted to feature vectors; `covariance` is [n, n], row-major. */
export interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

/** Fits a Gaussian to at least two vectors of one length (unbiased covariance). */
export function fitGaussian(vectors: readonly Float32Array[]): Gaussian {
  if (vectors.length < 2) throw new RangeError('a covariance needs at least two vectors');
  const n = vectors[0].length;
  const mean = new Float64Array(n);
  for (const vector of vectors) {
    for (let i = 0; i < n; i += 1) mean[i] += vector[i] / vectors.length;
  }
  const covariance = new Float64Array(n * n);
  const centred = new Float64Array(n);
  for (const vector of vectors) {
    for (let i = 0; i < n; i += 1) centred[i] = vector[i] - mean[i];
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j < n; j += 1)
        covariance[i * n + j] += (centred[i] * centred[j]) / (vectors.length - 1);
    }
  }
  return { mean, covariance };
}

/**
 * The squared Fréchet distance of two Gaussians (Dowson and Landau 1982): |m₁ - m₂|² + tr(C₁ + C₂ - 2·(C₁C₂)^½). The trace of
 * the root is the sum of the roots of the eigenvalues of the symmetric C₁^½ C₂ C₁^½.
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const n = a.mean.length;
  let distance = 0;
  for (let i = 0; i < n; i += 1) {
    distance += (a.mean[i] - b.mean[i]) ** 2 + a.covariance[i * n + i] + b.covariance[i * n + i];
  }
  const { values, vectors } = eigen(a.covariance, n);
  const root = new Float64Array(n * n);
  for (let k = 0; k < n; k += 1) {
    const weight = Math.sqrt(Math.max(values[k], 0));
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j < n; j += 1) root[i * n + j] += weight * vectors[i * n + k] * vectors[j * n + k];
    }
  }
  const inner = multiply(multiply(root, b.covariance, n), root, n);
  const spread = eigen(inner, n).values.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
  return Math.max(distance - 2 * spread, 0);
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let k = 0; k < n; k += 1) {
      const factor = a[i * n + k];
      for (let j = 0; j < n; j += 1) out[i * n + j] += factor * b[k * n + j];
    }
  }
  return out;
}

const MAX_SWEEPS = 40;

/** Eigenvalues and eigenvectors (columns) of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, section 8.5). */
export function eigen(
  symmetric: Float64Array,
  n: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const m = Float64Array.from(symmetric);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) vectors[i * n + i] = 1;
  const scale = m.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep += 1) {
    let off = 0;
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) off += m[p * n + q] ** 2;
    }
    if (off <= scale * 1e-24) break;
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) rotate(m, vectors, { n, p, q });
    }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => m[i * n + i]), vectors };
}

/** One rotation that makes m[p, q] zero. */
function rotate(
  m: Float64Array,
  vectors: Float64Array,
  at: { readonly n: number; readonly p: number; readonly q: number },
): void {
  const { n, p, q } = at;
  const value = m[p * n + q];
  if (value === 0) return;
  const theta = (m[q * n + q] - m[p * n + p]) / (2 * value);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k += 1) {
    const kp = m[k * n + p];
    const kq = m[k * n + q];
    m[k * n + p] = c * kp - s * kq;
    m[k * n + q] = s * kp + c * kq;
  }
  for (let k = 0; k < n; k += 1) {
    const pk = m[p * n + k];
    const qk = m[q * n + k];
    m[p * n + k] = c * pk - s * qk;
    m[q * n + k] = s * pk + c * qk;
    const vp = vectors[k * n + p];
    const vq = vectors[k * n + q];
    vectors[k * n + p] = c * vp - s * vq;
    vectors[k * n + q] = s * vp + c * vq;
  }
}
