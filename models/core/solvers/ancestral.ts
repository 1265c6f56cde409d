/**
 * Splits the way from sigma to the lower sigma' into a deterministic part down to `down` and fresh noise of
 * `up`, so that the variances add up: up² = eta²·sigma'²·(sigma² - sigma'²)/sigma², down² = sigma'² - up².
 */
export function ancestralLevels(
  sigma: number,
  next: number,
  eta = 1,
): { readonly down: number; readonly up: number } {
  const up = Math.min(next, eta * Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2));
  return { up, down: Math.sqrt(next ** 2 - up ** 2) };
}
