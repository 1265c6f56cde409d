import { HOUSE_TASKS, type HouseImageManifest, type HouseTask } from '../../catalog/manifest.ts';
import type { ControlRange } from '../../../shared/contracts/recipe.ts';
import { checkPicture, toFloatPicture, toSignedPlanes } from '../image/picture.ts';
import { thresholdMask } from '../image/seam.ts';
import { coverWithSquare, placeInSquare } from '../image/square.ts';
import type { ControlMap, ImageRequest } from '../image-request.ts';
import { PipelineError } from '../pipeline-error.ts';
import { toMapPlanes } from './map-planes.ts';
import type { HouseConditioning } from './model.ts';

/** A request's pictures as the denoiser takes them. */
export interface PreparedPictures {
  /** What the network is told where no map is followed: nothing, or what is known of the picture. */
  readonly plain: HouseConditioning;
  /** What it is told when it is told nothing. */
  readonly blank: HouseConditioning;
  readonly controls: readonly PreparedControl[];
  /** What an edit by instruction is shown; null in every other mode. */
  readonly edit: PreparedEdit | null;
  /** The source, [3, n, n] in -1 … 1, or null. */
  readonly source: Float32Array | null;
  /** [n, n], 1 = repaint, or null when the whole picture may change. */
  readonly repaint: Float32Array | null;
}

/** The task of editing with the source that is to be changed, and with none, as dual guidance compares them. */
export interface PreparedEdit {
  readonly source: HouseConditioning;
  readonly nothing: HouseConditioning;
}

/** One map to follow, and when. */
export interface PreparedControl {
  readonly conditioning: HouseConditioning;
  readonly range: ControlRange;
}

/** Brings source, mask and control maps of a checked request to the denoiser's size. */
export function preparePictures(request: ImageRequest, manifest: HouseImageManifest): PreparedPictures {
  const size = manifest.nativeSize;
  const frame = coverWithSquare(request.width, request.height);
  const source =
    request.source === null
      ? null
      : toSignedPlanes(placeInSquare(toFloatPicture(request.source, 3), frame, size));
  const masked = request.mode === 'inpaint' || request.mode === 'extend';
  const repaint =
    masked && request.mask !== null
      ? thresholdMask(placeInSquare(toFloatPicture(request.mask, 1), frame, size))
      : null;
  const controls = request.controls
    .filter((control) => control.strength > 0)
    .map((control) => ({
      conditioning: controlConditioning(control, request, manifest),
      range: control.range,
    }));
  const blank = blankConditioning(size);
  const knows = source !== null && repaint !== null && manifest.tasks.includes('inpaint');
  const plain = knows ? inpaintConditioning(source, repaint) : blank;
  const edit = request.mode === 'instruct' ? prepareEdit(source, request, manifest) : null;
  return { plain, blank, edit, controls, source, repaint };
}

const blanks = new Map<number, HouseConditioning>();

/** The same one for all pictures of a size, so that the network need not be told again. */
function blankConditioning(size: number): HouseConditioning {
  const known = blanks.get(size);
  if (known !== undefined) return known;
  const condition = new Float32Array(3 * size ** 2);
  const mask = new Float32Array(size ** 2);
  const blank = { task: HOUSE_TASKS['text-to-image'], condition, mask, strength: 0 };
  blanks.set(size, blank);
  return blank;
}

function prepareEdit(
  source: Float32Array | null,
  request: ImageRequest,
  manifest: HouseImageManifest,
): PreparedEdit {
  if (source === null || !manifest.tasks.includes('edit')) {
    throw new PipelineError('unsupported', `${manifest.name} has not learned to edit by instruction.`);
  }
  if (request.controls.length > 0 || request.reference !== undefined) {
    throw new PipelineError(
      'bad-input',
      `${manifest.name} follows neither maps nor a reference picture while it edits by instruction.`,
    );
  }
  const mask = new Float32Array(manifest.nativeSize ** 2);
  const task = HOUSE_TASKS.edit;
  return {
    source: { task, condition: source, mask, strength: 1 },
    nothing: { task, condition: new Float32Array(source.length), mask, strength: 0 },
  };
}

function inpaintConditioning(source: Float32Array, repaint: Float32Array): HouseConditioning {
  const condition = source.map((value, i) => (repaint[i % repaint.length] === 1 ? 0 : value));
  return { task: HOUSE_TASKS.inpaint, condition, mask: repaint, strength: 1 };
}

function controlConditioning(
  control: ControlMap,
  request: ImageRequest,
  manifest: HouseImageManifest,
): HouseConditioning {
  const { kind } = control;
  const task: HouseTask | null = kind === 'pose' ? null : kind;
  if (task === null || !manifest.tasks.includes(task)) {
    const known = manifest.tasks.filter((name) => isControlTask(name));
    throw new PipelineError(
      'unsupported',
      `${manifest.name} has not learned to follow ${kind} maps` +
        (known.length === 0 ? '.' : `; it knows ${known.join(', ')}.`),
    );
  }
  if (control.strength > 1) {
    throw new PipelineError('bad-input', `${manifest.name} follows a map at a strength from 0 to 1.`);
  }
  checkPicture(control.picture, 3, `${kind} map`);
  const size = manifest.nativeSize;
  return {
    task: HOUSE_TASKS[task],
    condition: toMapPlanes(control.picture, kind, { width: request.width, height: request.height, size }),
    mask: new Float32Array(size * size),
    strength: control.strength,
  };
}

function isControlTask(task: HouseTask): boolean {
  return task === 'edge' || task === 'depth' || task === 'segmentation' || task === 'scribble';
}
