import * as Y from 'yjs';
import type { GrayPicture } from '../../models/pipelines/image/picture.ts';
import type { ControlMap, ImageRequest } from '../../models/pipelines/image-request.ts';
import type { ControlRequest, GenerationRequest } from '../../shared/contracts/generation.ts';
import { readCanvas } from '../../shared/document/canvas.ts';
import type { CanvasModel } from '../../shared/document/schema.ts';
import { composeControl, layersOf, listMapAssets } from '../compose/compose-control.ts';
import { type ComposeSources, composeFrame, listNeededAssets } from '../compose/compose.ts';
import type { RgbaPicture } from '../compose/raster.ts';
import { chooseSource, type ImageSource } from './image-source.ts';
import { decodeGray, decodeReference, decodeRgb, decodeRgba } from './picture-bytes.ts';
import { TaskError } from './task.ts';

/** All pictures that a pipeline is given. */
export interface RequestPictures extends ImageSource {
  /** How opaque the source of an enlargement is; undefined for an opaque one. */
  readonly alpha?: GrayPicture;
  readonly controls: readonly ControlMap[];
  readonly reference: ImageRequest['reference'];
}

interface PictureInput {
  readonly request: GenerationRequest;
  /** The stored canvas version, as one Yjs update. */
  readonly canvasState: Uint8Array | null;
  /** Encoded files by content hash. */
  readonly assets: ReadonlyMap<string, Uint8Array>;
}

/**
 * Decodes and composes a request's source, mask, control maps and reference picture. Throws TaskError when the composed pixels contradict the
 * mode, or a control layer is gone.
 */
export async function loadPictures(input: PictureInput): Promise<RequestPictures> {
  const { request } = input;
  const canvas = input.canvasState === null ? null : readState(input.canvasState);
  const controls: ControlMap[] = [];
  for (const control of request.controls) controls.push(await loadControl(control, input, canvas));
  return { ...(await loadSource(input, canvas)), controls, reference: await loadReference(input) };
}

async function loadReference(input: PictureInput): Promise<ImageRequest['reference']> {
  const { reference } = input.request;
  if (reference === null) return undefined;
  return { picture: await decodeReference(assetOf(input, reference.asset)), strength: reference.strength };
}

async function loadSource(
  input: PictureInput,
  canvas: CanvasModel | null,
): Promise<Pick<RequestPictures, 'source' | 'mask' | 'alpha'>> {
  const { request } = input;
  switch (request.source.kind) {
    case 'none':
      return { source: null, mask: null };
    case 'assets': {
      const { source, mask } = request.source;
      if (request.mode === 'upscale') return splitAlpha(await decodeRgba(assetOf(input, source)));
      return {
        source: await decodeRgb(assetOf(input, source)),
        mask: mask === null ? null : await decodeGray(assetOf(input, mask)),
      };
    }
    case 'canvas': {
      const model = requireCanvas(canvas);
      const sources = await decodeSources(input, listNeededAssets(model, request));
      return chooseSource(request.mode, composeFrame(model, request, sources));
    }
  }
}

/** Colours and opacity apart; without the latter where it says nothing. */
function splitAlpha({
  width,
  height,
  data,
}: RgbaPicture): Pick<RequestPictures, 'source' | 'mask' | 'alpha'> {
  const rgb = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  let isOpaque = true;
  for (let i = 0; i < alpha.length; i += 1) {
    rgb[i * 3] = data[i * 4] ?? 0;
    rgb[i * 3 + 1] = data[i * 4 + 1] ?? 0;
    rgb[i * 3 + 2] = data[i * 4 + 2] ?? 0;
    alpha[i] = data[i * 4 + 3] ?? 255;
    if (alpha[i] !== 255) isOpaque = false;
  }
  const source = { width, height, data: rgb };
  return { source, mask: null, ...(isOpaque ? {} : { alpha: { width, height, data: alpha } }) };
}

async function loadControl(
  control: ControlRequest,
  input: PictureInput,
  canvas: CanvasModel | null,
): Promise<ControlMap> {
  const { kind, strength, range } = control;
  if (control.source.kind === 'asset') {
    return { kind, strength, range, picture: await decodeRgb(assetOf(input, control.source.asset)) };
  }
  const layers = layersOf(requireCanvas(canvas), control);
  if (layers.length === 0) {
    throw new TaskError(
      'bad_input',
      `The layer of the ${kind} map is not on the canvas any more.`,
      'Generate again from the canvas as it is.',
    );
  }
  const sources = await decodeSources(input, listMapAssets(layers));
  const map = composeControl(kind, layers, { request: input.request, sources });
  return { kind, strength, range, picture: { width: map.width, height: map.height, data: map.rgb } };
}

async function decodeSources(
  input: PictureInput,
  needed: { readonly pictures: readonly string[]; readonly tiles: readonly string[] },
): Promise<ComposeSources> {
  const pictures = needed.pictures.map(
    async (hash) => [hash, await decodeRgba(assetOf(input, hash))] as const,
  );
  const tiles = needed.tiles.map(
    async (hash) => [hash, (await decodeGray(assetOf(input, hash))).data] as const,
  );
  return { pictures: new Map(await Promise.all(pictures)), tiles: new Map(await Promise.all(tiles)) };
}

function assetOf({ assets }: PictureInput, hash: string): Uint8Array {
  const bytes = assets.get(hash);
  if (bytes === undefined) throw new Error(`asset ${hash} was not handed over`);
  return bytes;
}

function requireCanvas(canvas: CanvasModel | null): CanvasModel {
  if (canvas === null) throw new Error('a canvas request came without its canvas');
  return canvas;
}

function readState(state: Uint8Array): CanvasModel {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  const canvas = readCanvas(doc);
  doc.destroy();
  return canvas;
}
