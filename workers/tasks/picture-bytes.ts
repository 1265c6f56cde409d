import sharp from 'sharp';
import type { GrayPicture, RgbPicture } from '../../models/pipelines/image/picture.ts';
import type { RgbaPicture } from '../compose/raster.ts';

/** As many as an upload may have. */
const mostPixels = 64_000_000;
/** Longest base64 text of a preview that a NOTIFY can carry. */
const longestPreview = 7_000;

export async function decodeRgba(bytes: Uint8Array): Promise<RgbaPicture> {
  const { data, info } = await open(bytes)
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

export async function decodeRgb(bytes: Uint8Array): Promise<RgbPicture> {
  const { data, info } = await open(bytes)
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** Longest side to which a reference picture is kept: encoders see less of it. */
const longestReference = 1_024;

/** A reference picture on white, made smaller when it is large. */
export async function decodeReference(bytes: Uint8Array): Promise<RgbPicture> {
  const { data, info } = await open(bytes)
    .flatten({ background: '#ffffff' })
    .resize(longestReference, longestReference, { fit: 'inside', withoutEnlargement: true })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

export async function decodeGray(bytes: Uint8Array): Promise<GrayPicture> {
  const { data, info } = await sharp(bytes, { limitInputPixels: mostPixels })
    .toColourspace('b-w')
    .extractChannel(0)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

export async function encodePng(
  picture: RgbPicture | GrayPicture | RgbaPicture,
  channels: 1 | 3 | 4,
): Promise<Uint8Array> {
  const { width, height, data } = picture;
  return new Uint8Array(await sharp(data, { raw: { width, height, channels } }).png().toBuffer());
}

/** A PNG of a picture with its opacity, where it has one. */
export function encodePicture(picture: RgbPicture, alpha: Uint8Array | undefined): Promise<Uint8Array> {
  if (alpha === undefined) return encodePng(picture, 3);
  const data = new Uint8Array(alpha.length * 4);
  for (let i = 0; i < alpha.length; i += 1) {
    data[i * 4] = picture.data[i * 3];
    data[i * 4 + 1] = picture.data[i * 3 + 1];
    data[i * 4 + 2] = picture.data[i * 3 + 2];
    data[i * 4 + 3] = alpha[i];
  }
  return encodePng({ ...picture, data }, 4);
}

/** A small WebP as base64, or null should it not fit. */
export async function encodePreview(picture: RgbPicture): Promise<string | null> {
  const { width, height, data } = picture;
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(64, 64, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 70 })
    .toBuffer();
  const text = bytes.toString('base64');
  return text.length <= longestPreview ? text : null;
}

function open(bytes: Uint8Array) {
  return sharp(bytes, { limitInputPixels: mostPixels }).autoOrient().toColourspace('srgb');
}
