import { AppError } from '../../../platform/errors.ts';
import type { Work } from '../../../platform/queue/line.ts';
import type { PackAbilities } from '../../../shared/contracts/abilities.ts';
import { type GenerationRequest, mostControls } from '../../../shared/contracts/generation.ts';
import {
  type FrameMode,
  longestSide,
  shortestSide,
  type UpscaleScale,
} from '../../../shared/contracts/recipe.ts';
import { type CountedControl, countedControls } from '../../../shared/document/controls.ts';
import {
  countedMasks,
  decideMode,
  isPaintedInside,
  pictureCoverage,
  visiblePictures,
} from '../../../shared/document/mode.ts';
import type { CanvasModel, LayerId, Rect, Reference, Settings } from '../../../shared/document/schema.ts';
import { boundsOf } from '../../../shared/geometry/matrix.ts';
import { boxesOverlap, boxOf } from '../../../shared/geometry/box.ts';

/** What a person may say beside what the canvas says. */
export interface RequestChoices {
  readonly settings: Partial<Settings>;
  readonly prompt?: string;
  readonly negativePrompt?: string;
  readonly maskLayerIds: readonly LayerId[];
}

/** An input of a generation that is known when it is asked for. */
export interface KnownInput {
  readonly role: 'layer' | 'parent' | 'source' | 'mask' | 'control' | 'reference';
  readonly assetHash: string | null;
  readonly layerId: string | null;
  readonly outputId: string | null;
}

export interface RequestPlan {
  readonly request: GenerationRequest;
  readonly inputs: readonly KnownInput[];
}

/** As many as the contract takes. */
const mostLayersOfMap = 64;

/** What a plan rests on beside the canvas and the choices. */
interface PlanGrounds {
  /** Used when the settings name no seed. */
  readonly randomSeed: number;
  /** Of the pack that the request will be for. */
  readonly abilities: PackAbilities;
}

/**
 * The request that a press of Generate on this canvas means. A reference picture is left out where the pack follows none, and
 * for an edit by instruction, which follows nothing but its words; a pack that only computes exactly does so.
 * Errors: `bad_input` when a chosen mode contradicts the canvas or the pack, or the frame cannot be a picture.
 */
export function planRequest(
  canvas: CanvasModel,
  choices: RequestChoices,
  { randomSeed, abilities }: PlanGrounds,
): RequestPlan {
  const settings = { ...canvas.settings, ...choices.settings };
  const maskLayerIds = [...choices.maskLayerIds];
  const mode = decideMode(canvas, { mode: settings.mode, maskLayerIds });
  requireFit(canvas, mode, maskLayerIds);
  if (mode === 'instruct') requireInstruct(settings.pack, abilities);
  const controls = mode === 'instruct' ? [] : countedControls(canvas);
  const reference = mode !== 'instruct' && abilities.reference ? followedReference(canvas) : null;
  requireFew(controls);
  const request: GenerationRequest = {
    pool: 'image',
    pack: settings.pack,
    mode,
    prompt: choices.prompt ?? canvas.prompt,
    negativePrompt: choices.negativePrompt ?? canvas.negativePrompt,
    seed: settings.seed ?? randomSeed,
    count: settings.count,
    ...pictureSize(canvas.frame),
    steps: settings.steps,
    guidanceScale: settings.guidanceScale,
    solver: settings.solver,
    strength: settings.strength,
    imageGuidanceScale: settings.imageGuidanceScale,
    arithmetic: abilities.int8 ? settings.arithmetic : 'exact',
    frame: canvas.frame,
    maskLayerIds,
    source: { kind: mode === 'text-to-image' ? 'none' : 'canvas' },
    controls: controls.map(({ kind, strength, range, layers }) => ({
      kind,
      strength,
      range,
      source: { kind: 'layers', layerIds: layers.map(({ id }) => id) },
    })),
    reference: reference === null ? null : { asset: reference.asset, strength: reference.strength },
    parentOutputId: null,
  };
  const inputs = [
    ...listInputs(canvas, mode, maskLayerIds),
    ...listControlInputs(controls),
    ...listReferenceInput(reference),
  ];
  return { request, inputs };
}

/** Pixels of a tile of the upscaler, and the steps of the core that take as long: 224 ms and 50 ms, measured together. */
const tilePixels = 128 * 128;
const stepsPerTile = 4;

/**
 * Network evaluations that a request takes: what its team's share is charged. The house core is asked twice a step, and with
 * several maps once more for each: K + 2 times; for an edit by instruction three times. Enlarging goes by the pixels of the
 * picture that is made larger.
 */
export function costOf(request: GenerationRequest): number {
  if (request.scale !== undefined) {
    return Math.ceil((pixelsToEnlarge(request, request.scale) / tilePixels) * stepsPerTile);
  }
  const maps = request.controls.length;
  const share = request.mode === 'instruct' ? 3 / 2 : maps < 2 ? 1 : (maps + 2) / 2;
  return Math.ceil(request.count * request.steps * (request.solver === 'flow-heun' ? 2 : 1) * share);
}

/** What the expected time of a request goes by. */
export function workOf(request: GenerationRequest): Work {
  return request.scale === undefined
    ? { kind: 'evaluations', evaluations: costOf(request) }
    : { kind: 'enlargement', pixels: pixelsToEnlarge(request, request.scale) };
}

function pixelsToEnlarge({ width, height }: GenerationRequest, scale: UpscaleScale): number {
  return (width / scale) * (height / scale);
}

/** The frame's pixels, scaled down when a side is longer than 1,024. */
export function pictureSize(frame: Rect): { readonly width: number; readonly height: number } {
  const [, , frameWidth, frameHeight] = frame;
  const scale = Math.min(1, longestSide / Math.max(frameWidth, frameHeight));
  const width = Math.round(frameWidth * scale);
  const height = Math.round(frameHeight * scale);
  if (Math.min(width, height) < shortestSide) {
    throw new AppError('bad_input', `The frame would give a picture of only ${width} × ${height} pixels.`, {
      fix: `Make the frame at least ${shortestSide} pixels on each side and less narrow.`,
    });
  }
  return { width, height };
}

function requireFit(canvas: CanvasModel, mode: FrameMode, maskLayerIds: readonly LayerId[]): void {
  if (mode === 'text-to-image') return;
  const covered = pictureCoverage(visiblePictures(canvas), canvas.frame);
  if (covered === 0) {
    throw new AppError('bad_input', 'There is no visible picture under the frame to start from.', {
      fix: 'Move the frame over a picture, or generate from text.',
    });
  }
  const isPainted = () =>
    countedMasks(canvas, maskLayerIds).some((mask) => isPaintedInside(mask, canvas.frame));
  if (mode === 'inpaint' && !isPainted()) {
    throw new AppError('bad_input', 'No visible mask covers anything inside the frame.', {
      fix: 'Paint over what should change, or choose another mode.',
    });
  }
  if (mode === 'extend' && covered === 1) {
    throw new AppError('bad_input', 'The frame is full of picture already, so there is nothing to extend.', {
      fix: 'Move the frame over the edge of a picture.',
    });
  }
}

function requireInstruct(pack: string, abilities: PackAbilities): void {
  if (abilities.instruct) return;
  throw new AppError('bad_input', `The model ${pack} does not edit by instruction.`, {
    fix: 'Choose something else for Generate to do.',
  });
}

function followedReference({ reference }: CanvasModel): Reference | null {
  return reference === null || reference.strength === 0 ? null : reference;
}

function listReferenceInput(reference: Reference | null): readonly KnownInput[] {
  if (reference === null) return [];
  return [{ role: 'reference', assetHash: reference.asset, layerId: null, outputId: null }];
}

/** Errors: `bad_input` for more maps than a request takes, or a segmentation of more layers than one map takes. */
function requireFew(controls: readonly CountedControl[]): void {
  const isTooMany =
    controls.length > mostControls || controls.some(({ layers }) => layers.length > mostLayersOfMap);
  if (!isTooMany) return;
  throw new AppError(
    'bad_input',
    `More control maps are visible in the frame than can be followed at once.`,
    {
      fix: `Hide some control layers: at most ${mostControls} maps, and ${mostLayersOfMap} regions of a segmentation.`,
    },
  );
}

function listControlInputs(controls: readonly CountedControl[]): readonly KnownInput[] {
  return controls.flatMap(({ layers }) =>
    layers.map((layer) => ({
      role: 'layer' as const,
      assetHash: layer.picture?.asset ?? null,
      layerId: layer.id,
      outputId: null,
    })),
  );
}

function listInputs(
  canvas: CanvasModel,
  mode: FrameMode,
  maskLayerIds: readonly LayerId[],
): readonly KnownInput[] {
  if (mode === 'text-to-image') return [];
  const frame = boxOf(canvas.frame);
  const pictures = visiblePictures(canvas)
    .filter((layer) => boxesOverlap(boundsOf(layer.transform, layer.width, layer.height), frame))
    .map((layer) => ({
      role: 'layer' as const,
      assetHash: layer.asset,
      layerId: layer.id,
      outputId: layer.outputId,
    }));
  if (mode !== 'inpaint') return pictures;
  const masks = countedMasks(canvas, maskLayerIds)
    .filter((mask) => isPaintedInside(mask, canvas.frame))
    .map((mask) => ({ role: 'layer' as const, assetHash: null, layerId: mask.id, outputId: null }));
  return [...pictures, ...masks];
}
