/** Bytes of a picture: red, green, blue and straight (not premultiplied) alpha per pixel, rows from top to bottom. */
export interface RgbaPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One byte a pixel. */
export interface GrayPlane {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The picture at half size: each pixel the mean of up to four, colours weighted by their alpha. */
export function halve(picture: RgbaPicture): RgbaPicture {
  const width = Math.max(1, Math.ceil(picture.width / 2));
  const height = Math.max(1, Math.ceil(picture.height / 2));
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let r = 0;
      let g = 0;
      let b = 0;
      let a = 0;
      let n = 0;
      for (let j = 2 * y; j < Math.min(2 * y + 2, picture.height); j += 1) {
        for (let i = 2 * x; i < Math.min(2 * x + 2, picture.width); i += 1) {
          const at = (j * picture.width + i) * 4;
          const alpha = picture.data[at + 3] ?? 0;
          r += (picture.data[at] ?? 0) * alpha;
          g += (picture.data[at + 1] ?? 0) * alpha;
          b += (picture.data[at + 2] ?? 0) * alpha;
          a += alpha;
          n += 1;
        }
      }
      const to = (y * width + x) * 4;
      if (a > 0) {
        data[to] = Math.round(r / a);
        data[to + 1] = Math.round(g / a);
        data[to + 2] = Math.round(b / a);
        data[to + 3] = Math.round(a / n);
      }
    }
  }
  return { width, height, data };
}

/** The plane at half size: each pixel the brightest of up to four, so that a line of one pixel stays a line. */
export function shrinkLines({ width, height, data }: GrayPlane): GrayPlane {
  const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const out = new Uint8Array(half.width * half.height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const to = (y >> 1) * half.width + (x >> 1);
      out[to] = Math.max(out[to] ?? 0, data[y * width + x] ?? 0);
    }
  }
  return { ...half, data: out };
}

/**
 * How often a picture should be halved before it is sampled with `footprint` source pixels a step, so that bilinear
 * sampling sees them all.
 */
export function halvings(footprint: number): number {
  return Math.max(0, Math.round(Math.log2(Math.max(footprint, 1e-6))));
}

/** Writes premultiplied red, green, blue, alpha (0 … 1) at continuous pixel coordinates; edges repeat outwards. */
export function sampleRgba(
  picture: RgbaPicture,
  at: { readonly x: number; readonly y: number },
  out: Float64Array,
): void {
  const { width, height, data } = picture;
  const x = clamp(at.x - 0.5, 0, width - 1);
  const y = clamp(at.y - 0.5, 0, height - 1);
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const x1 = Math.min(x0 + 1, width - 1);
  const y1 = Math.min(y0 + 1, height - 1);
  const fx = x - x0;
  const fy = y - y0;
  out.fill(0);
  addTexel(data, (y0 * width + x0) * 4, (1 - fx) * (1 - fy), out);
  addTexel(data, (y0 * width + x1) * 4, fx * (1 - fy), out);
  addTexel(data, (y1 * width + x0) * 4, (1 - fx) * fy, out);
  addTexel(data, (y1 * width + x1) * 4, fx * fy, out);
}

function addTexel(data: Uint8Array, at: number, weight: number, out: Float64Array): void {
  if (weight === 0) return;
  const alpha = ((data[at + 3] ?? 0) / 255) * weight;
  out[0] = (out[0] ?? 0) + ((data[at] ?? 0) / 255) * alpha;
  out[1] = (out[1] ?? 0) + ((data[at + 1] ?? 0) / 255) * alpha;
  out[2] = (out[2] ?? 0) + ((data[at + 2] ?? 0) / 255) * alpha;
  out[3] = (out[3] ?? 0) + alpha;
}

/** The value 0 … 255 of a plane at continuous pixel coordinates; 0 outside. */
export function sampleGray(plane: GrayPlane, at: { readonly x: number; readonly y: number }): number {
  const x = at.x - 0.5;
  const y = at.y - 0.5;
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const fx = x - x0;
  const fy = y - y0;
  return (
    grayAt(plane, x0, y0) * (1 - fx) * (1 - fy) +
    grayAt(plane, x0 + 1, y0) * fx * (1 - fy) +
    grayAt(plane, x0, y0 + 1) * (1 - fx) * fy +
    grayAt(plane, x0 + 1, y0 + 1) * fx * fy
  );
}

function grayAt(plane: GrayPlane, x: number, y: number): number {
  if (x < 0 || y < 0 || x >= plane.width || y >= plane.height) return 0;
  return plane.data[y * plane.width + x] ?? 0;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
