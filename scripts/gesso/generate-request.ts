import { createHash } from 'node:crypto';
import type { GrayPicture, RgbPicture } from '../../models/pipelines/image/picture.ts';
import type { ImageDefaults, ImageModel } from '../../models/pipelines/image-model.ts';
import type { ControlMap, ImageRequest } from '../../models/pipelines/image-request.ts';
import { type GenerationMode, type Recipe, usualImageGuidanceScale } from '../../shared/contracts/recipe.ts';
import { edgeMapSize, makeEdgeMap } from '../../shared/raster/edge-map.ts';
import type { GenerateOptions } from './generate-options.ts';
import { UsageError } from './run-command.ts';
import {
  decodeMask,
  decodePicture,
  decodeReferenceFile,
  encodePng,
  openPictureFile,
  type PictureFile,
} from './picture-files.ts';

/** A request, and the hashes of the files it was made from. */
export interface PreparedRequest {
  readonly request: ImageRequest;
  readonly source: Recipe['source'];
  readonly mask: Recipe['mask'];
  readonly controls: Recipe['controls'];
  readonly reference: Recipe['reference'];
}

const SMALLEST = 64;
const LARGEST = 1024;
const DEFAULT_STRENGTH = 0.6;

/** Turns options into a request: opens the pictures, chooses the mode, fills in the pack's defaults. */
export async function prepareRequest(
  options: GenerateOptions,
  model: Pick<ImageModel, 'defaults' | 'modes'>,
  seed: number,
): Promise<PreparedRequest> {
  const { defaults, modes } = model;
  const sourceFile = options.source === undefined ? null : await openPictureFile(options.source);
  const { width, height } = chooseSize(options, { defaults, source: sourceFile });
  const source = sourceFile === null ? null : await decodePicture(sourceFile, width, height);
  const maskFile = options.mask === undefined ? null : await openPictureFile(options.mask);
  const painted = maskFile === null ? null : await decodeMask(maskFile, width, height);
  const mask = painted ?? (source === null ? null : invertAlpha(source.alpha));
  const mode =
    options.mode ?? chooseMode({ hasSource: source !== null, hasPaintedMask: painted !== null, mask, modes });
  if (mode === 'extend' && mask === null) {
    throw new UsageError(
      `${options.source ?? ''} is opaque; extending paints where a picture is transparent.`,
    );
  }
  const controls = [...(await readControls(options.control)), ...(await deriveControls(options.derive))];
  const reference = options.reference === undefined ? null : await readReference(options.reference);
  return {
    request: {
      mode,
      prompt: options.prompt,
      negativePrompt: options.negative,
      seed,
      width,
      height,
      steps: options.steps ?? defaults.steps,
      guidanceScale: options.guidance ?? defaults.guidanceScale,
      solver: options.solver ?? defaults.solver,
      strength: options.strength ?? (mode === 'image-to-image' ? DEFAULT_STRENGTH : 1),
      source: source?.picture ?? null,
      mask: mode === 'image-to-image' || mode === 'instruct' ? null : mask,
      ...(mode === 'instruct'
        ? { imageGuidanceScale: options['image-guidance'] ?? usualImageGuidanceScale }
        : {}),
      controls: controls.map(({ kind, strength, range, picture }) => ({ kind, strength, range, picture })),
      ...(reference === null
        ? {}
        : { reference: { picture: reference.picture, strength: reference.strength } }),
    },
    source: sourceFile === null ? null : { sha256: sourceFile.sha256 },
    mask: maskFile === null ? null : { sha256: maskFile.sha256 },
    controls: controls.map(({ kind, strength, range, sha256 }) => ({ kind, strength, range, sha256 })),
    reference: reference === null ? undefined : { strength: reference.strength, sha256: reference.sha256 },
  };
}

function chooseSize(
  options: GenerateOptions,
  given: { readonly defaults: ImageDefaults; readonly source: PictureFile | null },
): { readonly width: number; readonly height: number } {
  if (options.width !== undefined && options.height !== undefined) {
    return { width: options.width, height: options.height };
  }
  const { defaults, source } = given;
  if (source === null) {
    const side = options.size ?? defaults.side;
    return { width: side, height: side };
  }
  const longest = Math.max(source.width, source.height);
  const scale = (options.size ?? Math.min(Math.max(longest, SMALLEST), LARGEST)) / longest;
  const width = Math.round(source.width * scale);
  const height = Math.round(source.height * scale);
  if (Math.min(width, height) < SMALLEST) {
    throw new UsageError(
      `${source.path} would be ${width} × ${height}; both sides must be at least ${SMALLEST}.`,
    );
  }
  return { width, height };
}

/** What has no pixels in the source is to be made; null when the source is opaque. */
function invertAlpha(alpha: GrayPicture): GrayPicture | null {
  const data = alpha.data.map((value) => 255 - value);
  return data.some((value) => value > 0) ? { ...alpha, data } : null;
}

function chooseMode(given: {
  readonly hasSource: boolean;
  readonly hasPaintedMask: boolean;
  readonly mask: GrayPicture | null;
  readonly modes: readonly GenerationMode[];
}): GenerationMode {
  if (!given.hasSource) {
    return 'text-to-image';
  }
  if (given.hasPaintedMask) {
    return 'inpaint';
  }
  if (given.mask !== null) {
    return 'extend';
  }
  const canOnlyEdit = given.modes.includes('instruct') && !given.modes.includes('image-to-image');
  return canOnlyEdit ? 'instruct' : 'image-to-image';
}

interface ReadControl extends ControlMap {
  readonly sha256: string;
}

async function readControls(options: GenerateOptions['control']): Promise<readonly ReadControl[]> {
  const found: ReadControl[] = [];
  for (const { kind, strength, range, file } of options) {
    const opened = await openPictureFile(file);
    const { picture } = await decodePicture(
      opened,
      Math.min(opened.width, LARGEST),
      Math.min(opened.height, LARGEST),
    );
    found.push({ kind, strength, range, picture, sha256: opened.sha256 });
  }
  return found;
}

/** Edge maps made of pictures; the recipe names the map itself, since that is what was followed. */
async function deriveControls(options: GenerateOptions['derive']): Promise<readonly ReadControl[]> {
  const found: ReadControl[] = [];
  for (const { kind, strength, range, file } of options) {
    const opened = await openPictureFile(file);
    const size = edgeMapSize(opened.width, opened.height);
    const { picture: seen, alpha } = await decodePicture(opened, size.width, size.height);
    const lines = makeEdgeMap({ ...size, channels: 4, data: withAlpha(seen, alpha) });
    if (lines.data.every((value) => value === 0)) {
      throw new UsageError(`${file} has no edges to follow.`);
    }
    const data = new Uint8Array(lines.data.length * 3);
    for (let i = 0; i < data.length; i += 1) data[i] = lines.data[Math.floor(i / 3)];
    const picture = { ...size, data };
    const sha256 = createHash('sha256')
      .update(await encodePng(picture))
      .digest('hex');
    found.push({ kind, strength, range, picture, sha256 });
  }
  return found;
}

function withAlpha(picture: RgbPicture, alpha: GrayPicture): Uint8Array {
  return Uint8Array.from({ length: alpha.data.length * 4 }, (_, i) =>
    i % 4 === 3 ? alpha.data[i >> 2] : picture.data[(i >> 2) * 3 + (i % 4)],
  );
}

async function readReference({ file, strength }: NonNullable<GenerateOptions['reference']>) {
  const opened = await openPictureFile(file);
  return { picture: await decodeReferenceFile(opened), strength, sha256: opened.sha256 };
}
