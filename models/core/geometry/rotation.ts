/** A 3 × 3 matrix in row-major order. */
export type RotationMatrix = Float64Array;

/** Rodrigues' formula: the rotation by |v| about v. */
export function rotationOfVector(v: ArrayLike<number>): RotationMatrix {
  const angle = Math.hypot(v[0], v[1], v[2]);
  const a = angle < 1e-8 ? 1 : Math.sin(angle) / angle;
  const b = angle < 1e-8 ? 0.5 : (1 - Math.cos(angle)) / angle ** 2;
  const [x, y, z] = [v[0], v[1], v[2]];
  return Float64Array.of(
    1 - b * (y * y + z * z),
    b * x * y - a * z,
    b * x * z + a * y,
    b * x * y + a * z,
    1 - b * (x * x + z * z),
    b * y * z - a * x,
    b * x * z - a * y,
    b * y * z + a * x,
    1 - b * (x * x + y * y),
  );
}

/** The unit quaternion (w, x, y, z) of the rotation by |v| about v. */
export function quaternionOfVector(v: ArrayLike<number>): Float64Array {
  const angle = Math.hypot(v[0], v[1], v[2]);
  const scale = angle < 1e-8 ? 0.5 : Math.sin(angle / 2) / angle;
  return Float64Array.of(Math.cos(angle / 2), scale * v[0], scale * v[1], scale * v[2]);
}

/** a · b. */
export function multiplyRotations(a: RotationMatrix, b: RotationMatrix): RotationMatrix {
  return Float64Array.from({ length: 9 }, (_, k) => {
    const row = Math.floor(k / 3) * 3;
    const column = k % 3;
    return a[row] * b[column] + a[row + 1] * b[3 + column] + a[row + 2] * b[6 + column];
  });
}
