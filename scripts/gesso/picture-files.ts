import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { GrayPicture, RgbPicture } from '../../models/pipelines/image/picture.ts';
import { decodeReference } from '../../workers/tasks/picture-bytes.ts';
import { UsageError } from './run-command.ts';

/** Reading and writing picture files for the command line. */

const MAX_PIXELS = 64_000_000;
const FORMATS = ['png', 'jpeg', 'webp'];

export interface PictureFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  /** As shown, after its orientation tag. */
  readonly width: number;
  readonly height: number;
}

/** Opens a PNG, JPEG or WebP file. Throws UsageError when it is missing, too large or none of these. */
export async function openPictureFile(path: string): Promise<PictureFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch {
    throw new UsageError(`Cannot read ${path}.`);
  }
  const metadata = await sharp(bytes, { limitInputPixels: MAX_PIXELS })
    .metadata()
    .catch(() => null);
  if (metadata === null || !FORMATS.includes(metadata.format)) {
    throw new UsageError(`${path} is not a PNG, JPEG or WebP picture of at most 64 megapixels.`);
  }
  const { width, height } = metadata.autoOrient;
  return { path, bytes, width, height, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Decodes a picture to a size, with its transparency apart (255 = opaque). */
export async function decodePicture(
  file: PictureFile,
  width: number,
  height: number,
): Promise<{ readonly picture: RgbPicture; readonly alpha: GrayPicture }> {
  const rgba = await open(file)
    .ensureAlpha()
    .resize(width, height, { fit: 'fill' })
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch((error: unknown) => fail(file, error));
  const picture = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i += 1) {
    picture.set(rgba.subarray(i * 4, i * 4 + 3), i * 3);
    alpha[i] = rgba[i * 4 + 3];
  }
  return { picture: { width, height, data: picture }, alpha: { width, height, data: alpha } };
}

/** Decodes a mask to a size: its lightness, with transparent parts black. */
export async function decodeMask(file: PictureFile, width: number, height: number): Promise<GrayPicture> {
  const data = await open(file)
    .flatten({ background: '#000000' })
    .toColourspace('b-w')
    .resize(width, height, { fit: 'fill' })
    .extractChannel(0)
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch((error: unknown) => fail(file, error));
  return { width, height, data: Uint8Array.from(data) };
}

/** Decodes a reference picture as the workers do. */
export function decodeReferenceFile(file: PictureFile): Promise<RgbPicture> {
  return decodeReference(file.bytes).catch((error: unknown) => fail(file, error));
}

/** Encodes a picture as PNG. */
export async function encodePng(picture: RgbPicture): Promise<Uint8Array> {
  const { width, height, data } = picture;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

function open(file: PictureFile): Sharp {
  return sharp(file.bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
    .autoOrient()
    .toColourspace('srgb');
}

function fail(file: PictureFile, error: unknown): never {
  throw new UsageError(`${file.path} is damaged: ${error instanceof Error ? error.message : String(error)}`);
}
