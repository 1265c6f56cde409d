import sharp, { type Sharp } from 'sharp';
import { AppError } from '../../../platform/errors.ts';
import { tileSize } from '../../../shared/document/schema.ts';

/** What an upload may be at most. */
export const uploadLimits = {
  bytes: 32 * 1024 * 1024,
  /** Width times height: 40 megapixels need 160 MB while they are decoded. */
  pixels: 40_000_000,
  side: 16_384,
  seconds: 20,
} as const;

export interface CleanPicture {
  readonly bytes: Buffer;
  readonly mediaType: 'image/png' | 'image/webp';
  readonly width: number;
  readonly height: number;
}

/** image: a picture in colour. mask-tile: 256 × 256 grey values that must survive exactly. */
export const uploadKinds = ['image', 'mask-tile'] as const;
export type UploadKind = (typeof uploadKinds)[number];

type Format = 'png' | 'jpeg' | 'webp';

/**
 * Decodes an untrusted file and encodes its pixels anew, upright, in sRGB, without metadata: nothing of the file itself
 * is kept, so what it hides is gone. Errors: `unsupported_media` for what is not a PNG, JPEG or WebP or is damaged;
 * `too_large` beyond `uploadLimits`; `bad_input` for a mask tile of another size.
 */
export async function cleanPicture(file: Uint8Array, kind: UploadKind): Promise<CleanPicture> {
  if (file.length > uploadLimits.bytes) throw tooManyBytes();
  const format = sniff(file);
  return takeTurn(async () => {
    try {
      const image = open(file);
      const { width, height } = await image.metadata();
      if (width > uploadLimits.side || height > uploadLimits.side) throw tooManyPixels();
      return kind === 'mask-tile' ? await encodeTile(image, { width, height }) : await encode(image, format);
    } catch (error) {
      throw describeFailure(error);
    }
  });
}

/** A WebP of at most 256 pixels a side of a stored picture. */
export async function makeThumbnail(stored: Uint8Array): Promise<Buffer> {
  return takeTurn(() =>
    open(stored)
      .resize({ width: 256, height: 256, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 82, effort: 3 })
      .toBuffer(),
  );
}

let lockedDown = false;

/** Leaves libvips three decoders of the forty it has; the others never see a stranger's bytes. */
function lockDown(): void {
  if (lockedDown) return;
  lockedDown = true;
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadPng', 'VipsForeignLoadJpeg', 'VipsForeignLoadWebp'] });
  // Pictures of strangers do not stay in a cache of the process.
  sharp.cache(false);
}

function open(file: Uint8Array): Sharp {
  lockDown();
  return sharp(file, {
    limitInputPixels: uploadLimits.pixels,
    failOn: 'error',
    sequentialRead: true,
    pages: 1,
  }).timeout({ seconds: uploadLimits.seconds });
}

/** A photograph stays lossy, everything else keeps its exact pixels. */
async function encode(image: Sharp, format: Format): Promise<CleanPicture> {
  const upright = image.autoOrient().toColourspace('srgb');
  const lossy = format === 'jpeg';
  const encoded = lossy ? upright.webp({ quality: 92, effort: 3 }) : upright.png({ compressionLevel: 7 });
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true });
  const mediaType = lossy ? 'image/webp' : 'image/png';
  return { bytes: data, mediaType, width: info.width, height: info.height };
}

async function encodeTile(
  image: Sharp,
  size: { readonly width: number; readonly height: number },
): Promise<CleanPicture> {
  if (size.width !== tileSize || size.height !== tileSize) {
    throw new AppError('bad_input', `A mask tile is ${tileSize} × ${tileSize} pixels.`);
  }
  // The first channel as it is: a conversion to grey would round where red, green and blue are equal already.
  const { data } = await image.extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  const bytes = await sharp(data, { raw: { width: tileSize, height: tileSize, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 9 })
    .toBuffer();
  return { bytes, mediaType: 'image/png', width: tileSize, height: tileSize };
}

/** What the first bytes say the file is; its name and its declared type say nothing. */
function sniff(file: Uint8Array): Format {
  const head = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, 512));
  if (head.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))) return 'png';
  if (head.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'jpeg';
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP') return 'webp';
  if (/^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*(<!DOCTYPE svg|<svg)/i.test(head.toString('utf8'))) {
    throw new AppError(
      'unsupported_media',
      'SVG drawings cannot be stored, since they may contain programs.',
      {
        fix: 'Export the drawing as PNG and add that.',
      },
    );
  }
  throw new AppError('unsupported_media', 'This file is not a PNG, JPEG or WebP picture.', {
    fix: 'Save it as PNG or JPEG and add that.',
  });
}

function describeFailure(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? error.message : '';
  if (/pixel limit|dimension/i.test(text)) return tooManyPixels();
  if (/timeout/i.test(text)) return tooManyPixels();
  return new AppError('unsupported_media', 'This picture is damaged and could not be read.', {
    fix: 'Open it in another program, save it as PNG and add that.',
    cause: error,
  });
}

export function tooManyBytes(): AppError {
  return new AppError('too_large', `The file is larger than ${uploadLimits.bytes / 1024 / 1024} MB.`, {
    fix: 'Make the picture smaller and add it again.',
  });
}

function tooManyPixels(): AppError {
  return new AppError('too_large', 'The picture has more than 40 megapixels or a side over 16,384 pixels.', {
    fix: 'Make the picture smaller and add it again.',
  });
}

const turns = 2;
let running = 0;
const waiting: (() => void)[] = [];

/** At most two pictures are decoded at a time, so that many uploads at once do not take all the memory. */
async function takeTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= turns) await new Promise<void>((go) => waiting.push(go));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}
