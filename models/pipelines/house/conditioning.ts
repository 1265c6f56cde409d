import { HOUSE_TASKS, type HouseImageManifest, type HouseTask } from '../../catalog/manifest.ts';
import { checkPicture, toFloatPicture, toSignedPlanes } from '../image/picture.ts';
import { resizePicture } from '../image/resize.ts';
import { thresholdMask } from '../image/seam.ts';
import { coverWithSquare, placeInSquare } from '../image/square.ts';
import type { ControlMap, ImageRequest } from '../image-request.ts';
import { PipelineError } from '../pipeline-error.ts';
import type { HouseConditioning } from './model.ts';

/** A request's pictures as the denoiser takes them. */
export interface PreparedPictures {
  readonly conditioning: HouseConditioning;
  /** The source, [3, n, n] in -1 … 1, or null. */
  readonly source: Float32Array | null;
  /** [n, n], 1 = repaint, or null when the whole picture may change. */
  readonly repaint: Float32Array | null;
}

/** Brings source, mask and control map of a checked request to the denoiser's size. */
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
  return { conditioning: chooseConditioning(request, { manifest, source, repaint }), source, repaint };
}

interface Prepared {
  readonly manifest: HouseImageManifest;
  readonly source: Float32Array | null;
  readonly repaint: Float32Array | null;
}

function chooseConditioning(request: ImageRequest, prepared: Prepared): HouseConditioning {
  const { manifest, source, repaint } = prepared;
  const controls = request.controls.filter((control) => control.strength > 0);
  if (controls.length > 1) {
    throw new PipelineError(
      'unsupported',
      `${manifest.name} follows one control map at a time; hide the others.`,
    );
  }
  if (controls.length === 1) {
    return controlConditioning(controls[0], request, manifest);
  }
  const area = manifest.nativeSize ** 2;
  if (source !== null && repaint !== null && manifest.tasks.includes('inpaint')) {
    const condition = source.map((value, i) => (repaint[i % area] === 1 ? 0 : value));
    return { task: HOUSE_TASKS.inpaint, condition, mask: repaint, strength: 1 };
  }
  return {
    task: HOUSE_TASKS['text-to-image'],
    condition: new Float32Array(area * 3),
    mask: new Float32Array(area),
    strength: 0,
  };
}

function controlConditioning(
  control: ControlMap,
  request: ImageRequest,
  manifest: HouseImageManifest,
): HouseConditioning {
  const task: HouseTask = control.kind;
  if (!manifest.tasks.includes(task)) {
    const known = manifest.tasks.filter((name) => name !== 'text-to-image' && name !== 'inpaint');
    throw new PipelineError(
      'unsupported',
      `${manifest.name} has not learned to follow ${control.kind} maps` +
        (known.length === 0 ? '.' : `; it knows ${known.join(', ')}.`),
    );
  }
  checkPicture(control.picture, 3, `${control.kind} map`);
  const size = manifest.nativeSize;
  const frame = coverWithSquare(request.width, request.height);
  const stretched = resizePicture(toFloatPicture(control.picture, 3), request.width, request.height);
  return {
    task: HOUSE_TASKS[task],
    condition: toSignedPlanes(placeInSquare(stretched, frame, size)),
    mask: new Float32Array(size * size),
    strength: control.strength,
  };
}
