/** A colour by lightness 0 … 1, chroma 0 … 0.4 and hue in degrees (Ottosson 2020, "A perceptual color space"). */
interface Oklch {
  readonly lightness: number;
  readonly chroma: number;
  readonly hue: number;
}

/** Linear-light sRGB, each 0 … 1; what does not fit into sRGB is clipped channel by channel. */
function toLinearRgb(color: Oklch): readonly [number, number, number] {
  const angle = (color.hue * Math.PI) / 180;
  const a = color.chroma * Math.cos(angle);
  const b = color.chroma * Math.sin(angle);
  const l = (color.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (color.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (color.lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** "#rrggbb" in sRGB. */
export function toHex(color: Oklch): string {
  const bytes = toLinearRgb(color).map((value) => {
    const encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
    return Math.round(encoded * 255)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${bytes.join('')}`;
}

/** Contrast of two "#rrggbb" colours, 1 … 21 (WCAG 2.2, relative luminance). */
export function contrast(one: string, other: string): number {
  const a = luminance(one);
  const b = luminance(other);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function clip(value: number): number {
  return Math.max(0, Math.min(1, value));
}
