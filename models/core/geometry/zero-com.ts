import type { Rng } from '../types.ts';

export interface PointCloudBatch {
  /** Number of points of every cloud; positions beyond it are padding and stay zero. */
  readonly counts: readonly number[];
  /** Points each cloud has room for. */
  readonly room: number;
}

/**
 * Moves the real points of every cloud to mean zero and clears the padding, in place. Positions are row-major
 * clouds × room × 3.
 */
export function removeCentreOfMass(positions: Float64Array, { counts, room }: PointCloudBatch): void {
  counts.forEach((count, cloud) => {
    const from = cloud * room * 3;
    for (let axis = 0; axis < 3; axis++) {
      let mean = 0;
      for (let point = 0; point < count; point++) mean += positions[from + point * 3 + axis];
      mean /= count;
      for (let point = 0; point < room; point++) {
        const at = from + point * 3 + axis;
        positions[at] = point < count ? positions[at] - mean : 0;
      }
    }
  });
}

/**
 * Gaussian noise in the subspace of zero centre of mass (Köhler, Klein and Noé 2020; Hoogeboom et al. 2022, section
 * 3.1), drawn in float32 for the whole batch.
 */
export function zeroComNoise(batch: PointCloudBatch, rng: Rng): Float64Array {
  const drawn = new Float32Array(batch.counts.length * batch.room * 3);
  rng.randn(drawn);
  const noise = Float64Array.from(drawn);
  removeCentreOfMass(noise, batch);
  return noise;
}

/** Log density of each cloud's noise: -|z|²/2 - 3(n - 1)/2 · ln 2π, in n - 1 free dimensions a coordinate. */
export function zeroComLogDensity(noise: Float64Array, { counts, room }: PointCloudBatch): Float64Array {
  return Float64Array.from(counts, (count, cloud) => {
    let square = 0;
    for (let k = cloud * room * 3; k < (cloud + 1) * room * 3; k++) square += noise[k] ** 2;
    return -0.5 * square - 1.5 * (count - 1) * Math.log(2 * Math.PI);
  });
}
