import type { GrayPicture } from '../../models/pipelines/image/picture.ts';
import type { ImageDefaults } from '../../models/pipelines/image-model.ts';
import type { ImageRequest } from '../../models/pipelines/image-request.ts';
import type { GenerationMode, Recipe } from '../../shared/contracts/recipe.ts';
import { type GenerateOptions, UsageError } from './generate-options.ts';
import { decodeMask, decodePicture, openPictureFile, type PictureFile } from './picture-files.ts';

/** A request, and the hashes of the files it was made from. */
export interface PreparedRequest {
  readonly request: ImageRequest;
  readonly source: Recipe['source'];
  readonly mask: Recipe['mask'];
  readonly controls: Recipe['controls'];
}

const SMALLEST = 64;
const LARGEST = 1024;
const DEFAULT_STRENGTH = 0.6;

/** Turns options into a request: opens the pictures, chooses the mode, fills in the pack's defaults. */
export async function prepareRequest(
  options: GenerateOptions,
  defaults: ImageDefaults,
  seed: number,
): Promise<PreparedRequest> {
  const sourceFile = options.source === undefined ? null : await openPictureFile(options.source);
  const { width, height } = chooseSize(options, { defaults, source: sourceFile });
  const source = sourceFile === null ? null : await decodePicture(sourceFile, width, height);
  const maskFile = options.mask === undefined ? null : await openPictureFile(options.mask);
  const painted = maskFile === null ? null : await decodeMask(maskFile, width, height);
  const mask = painted ?? (source === null ? null : invertAlpha(source.alpha));
  const mode = chooseMode({ hasSource: source !== null, hasPaintedMask: painted !== null, mask });
  const controls = await readControls(options);
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
      mask,
      controls: controls.map(({ kind, strength, picture }) => ({ kind, strength, picture })),
    },
    source: sourceFile === null ? null : { sha256: sourceFile.sha256 },
    mask: maskFile === null ? null : { sha256: maskFile.sha256 },
    controls: controls.map(({ kind, strength, sha256 }) => ({ kind, strength, sha256 })),
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
}): GenerationMode {
  if (!given.hasSource) {
    return 'text-to-image';
  }
  if (given.hasPaintedMask) {
    return 'inpaint';
  }
  return given.mask === null ? 'image-to-image' : 'extend';
}

async function readControls(options: GenerateOptions) {
  if (options.control === undefined) {
    return [];
  }
  const { kind, file } = options.control;
  const opened = await openPictureFile(file);
  const { picture } = await decodePicture(
    opened,
    Math.min(opened.width, LARGEST),
    Math.min(opened.height, LARGEST),
  );
  return [{ kind, picture, strength: options['control-strength'] ?? 1, sha256: opened.sha256 }];
}
