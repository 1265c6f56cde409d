/**
 * The isotropic Gaussian on rotations IGSO(3) (Nikolayev and Savyolov 1970; Leach et al. 2022, equation 4; Yim et
 * al. 2023). All functions take the rotation angle omega in (0, π] and the scale sigma.
 */

/** A sum over rotations by full turns, or over frequencies, and its slope in omega. */
interface Sum {
  readonly value: number;
  readonly slope: number;
}

/** Above this scale the sum over frequencies converges faster than the one over turns. */
const WIDE = 1.5;

/** f(omega) = Σ_l (2l+1) exp(-l(l+1)sigma²/2) sin((l+½)omega)/sin(omega/2). */
function density(omega: number, sigma: number): Sum {
  const { value, slope } = sigma > WIDE ? frequencies(omega, sigma) : turns(omega, sigma);
  const half = Math.sin(omega / 2);
  return {
    value: value / half,
    slope: slope / half - (0.5 * value * Math.cos(omega / 2)) / half ** 2,
  };
}

/** The series as it stands, without the division by sin(omega/2). */
function frequencies(omega: number, sigma: number): Sum {
  let value = 0;
  let slope = 0;
  for (let l = 0; ; l++) {
    const weight = (2 * l + 1) * Math.exp((-l * (l + 1) * sigma ** 2) / 2);
    if (weight < 1e-300) break;
    value += weight * Math.sin((l + 0.5) * omega);
    slope += weight * (l + 0.5) * Math.cos((l + 0.5) * omega);
  }
  return { value, slope };
}

/**
 * Its Poisson sum, Σ_k (-1)^k u exp(-u²/(2 sigma²)) with u = omega + 2πk and a factor sqrt(2π) e^{sigma²/8} / sigma³.
 * The terms do not cancel, where the series for a narrow density loses every digit beyond a few sigma.
 */
function turns(omega: number, sigma: number): Sum {
  const factor = (Math.sqrt(2 * Math.PI) * Math.exp(sigma ** 2 / 8)) / sigma ** 3;
  let value = 0;
  let slope = 0;
  for (let k = -8; k <= 8; k++) {
    const u = omega + 2 * Math.PI * k;
    const bell = (k % 2 === 0 ? 1 : -1) * Math.exp(-(u ** 2) / (2 * sigma ** 2));
    value += u * bell;
    slope += (1 - u ** 2 / sigma ** 2) * bell;
  }
  return { value: factor * value, slope: factor * slope };
}

/** Density against the Haar measure. */
export function igso3Density(omega: number, sigma: number): number {
  return density(omega, sigma).value;
}

/** d log f / d omega: the score along the rotation's axis. */
export function igso3Score(omega: number, sigma: number): number {
  const { value, slope } = density(omega, sigma);
  return slope / value;
}

/** Density of the angle itself: f(omega)·(1 - cos omega)/π, which integrates to 1 over [0, π]. */
export function igso3AngleDensity(omega: number, sigma: number): number {
  return (igso3Density(omega, sigma) * (1 - Math.cos(omega))) / Math.PI;
}
