import type { BlendMode } from '../../shared/document/schema.ts';

/**
 * The blend functions B(backdrop, source) of W3C Compositing and Blending Level 1, section 10.1, on one channel 0 … 1.
 */
export function blendChannel(mode: BlendMode, backdrop: number, source: number): number {
  switch (mode) {
    case 'normal':
      return source;
    case 'multiply':
      return backdrop * source;
    case 'screen':
      return backdrop + source - backdrop * source;
    case 'overlay':
      return backdrop <= 0.5 ? 2 * backdrop * source : 1 - 2 * (1 - backdrop) * (1 - source);
    case 'darken':
      return Math.min(backdrop, source);
    case 'lighten':
      return Math.max(backdrop, source);
  }
}

/**
 * Lays a premultiplied sample over the premultiplied pixel at `at`, in place: source-over with a blend function (section
 * 5.8: co = αs·(1 − αb)·Cs + αs·αb·B(Cb, Cs) + (1 − αs)·αb·Cb).
 */
export function layOver(
  pixels: Float64Array,
  at: number,
  {
    sample,
    mode,
    opacity,
  }: { readonly sample: Float64Array; readonly mode: BlendMode; readonly opacity: number },
): void {
  const sampleAlpha = sample[3] ?? 0;
  const alpha = sampleAlpha * opacity;
  if (alpha === 0) return;
  const backAlpha = pixels[at + 3] ?? 0;
  for (let channel = 0; channel < 3; channel += 1) {
    const source = (sample[channel] ?? 0) / sampleAlpha;
    const backPremultiplied = pixels[at + channel] ?? 0;
    const backdrop = backAlpha === 0 ? 0 : backPremultiplied / backAlpha;
    const mixed = (1 - backAlpha) * source + backAlpha * blendChannel(mode, backdrop, source);
    pixels[at + channel] = alpha * mixed + (1 - alpha) * backPremultiplied;
  }
  pixels[at + 3] = alpha + backAlpha - alpha * backAlpha;
}
