'use client';

import { useEffect, useRef } from 'react';
import { type ContentHash, type Layer, type PaintLayer, tileSize } from '../../../shared/document/schema.ts';
import { parseTileKey } from '../../../shared/raster/mask.ts';
import { unpackStroke } from '../../../shared/raster/stroke-points.ts';
import { Icon } from '../../_ui/icon.tsx';
import { localBox } from '../core/layer-geometry.ts';
import { paintColor } from '../core/mask-color.ts';
import type { PictureStore } from '../render/pictures.ts';
import { useEditorParts, useReadable } from './editor-context.ts';

/** Sides of a thumbnail, CSS pixels. */
const side = 32;

/** What a layer looks like, small. */
export function LayerThumbnail({ layer }: { readonly layer: Layer }) {
  return (
    <span className="chequer relative flex size-8 shrink-0 items-center justify-center overflow-hidden rounded-small outline outline-line">
      {layer.kind === 'image' ? (
        <PictureThumbnail asset={layer.asset} />
      ) : layer.kind === 'control' && layer.picture !== null ? (
        <PictureThumbnail asset={layer.picture.asset} />
      ) : (
        <PaintThumbnail layer={layer} />
      )}
    </span>
  );
}

/** A stored picture that fills its place, or why it cannot be seen. */
export function PictureThumbnail({ asset }: { readonly asset: ContentHash }) {
  const { pictures } = useEditorParts();
  useReadable(pictures.revision);
  const picture = pictures.get(asset);
  switch (picture.state) {
    case 'loading':
      return <span className="size-full animate-wait bg-pressed" />;
    case 'failed':
      return <Icon className="text-danger-text" name="warning" />;
    case 'ready':
      return (
        // The address is signed and short-lived; next/image would fetch it again from the server.
        <img alt="" className="size-full object-cover" draggable={false} src={picture.url} />
      );
  }
}

/** The painted part of a mask or control layer in its colour, made anew a moment after it changed. */
function PaintThumbnail({ layer }: { readonly layer: PaintLayer }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { pictures } = useEditorParts();
  useEffect(() => {
    const draw = () => {
      if (canvas.current !== null) drawPaint(canvas.current, layer, pictures);
    };
    const timer = setTimeout(draw, 60);
    // Only a map shows its tiles, and they may arrive later.
    const stop = layer.kind === 'control' && layer.tiles.size > 0 ? pictures.revision.subscribe(draw) : null;
    return () => {
      clearTimeout(timer);
      stop?.();
    };
  }, [layer, pictures]);
  return <canvas className="size-full" height={side * 2} ref={canvas} width={side * 2} />;
}

/**
 * Strokes as plain lines without pressure or hardness: at 32 px nobody can tell, and it costs nothing. Baked tiles of a
 * mask are not decoded for it; their squares stand for them. Those of a map are shown, since its lines are all it is.
 */
function drawPaint(canvas: HTMLCanvasElement, layer: PaintLayer, pictures: PictureStore): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const color = paintColor(layer);
  const box = localBox(layer);
  if (box !== null) {
    const scale = (canvas.width - 8) / Math.max(box.width, box.height, 1);
    context.translate(canvas.width / 2, canvas.height / 2);
    context.scale(scale, scale);
    context.translate(-(box.x + box.width / 2), -(box.y + box.height / 2));
    context.fillStyle = color;
    for (const [key, hash] of layer.tiles) {
      const [column, row] = parseTileKey(key);
      const place = [column * tileSize, row * tileSize, tileSize, tileSize] as const;
      const tile = layer.kind === 'control' ? pictures.get(hash) : null;
      if (tile === null) context.fillRect(...place);
      else if (tile.state === 'ready') context.drawImage(tile.image, ...place);
    }
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.strokeStyle = color;
    for (const stroke of layer.strokes) {
      context.globalCompositeOperation = stroke.tool === 'eraser' ? 'destination-out' : 'source-over';
      context.globalAlpha = stroke.opacity;
      context.lineWidth = stroke.size;
      context.beginPath();
      for (const { x, y } of unpackStroke(stroke.points)) context.lineTo(x, y);
      context.stroke();
    }
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = color;
  context.globalCompositeOperation = 'source-out';
  if (layer.kind === 'mask' && layer.inverted) context.fillRect(0, 0, canvas.width, canvas.height);
  if (layer.kind === 'control' && layer.tiles.size > 0) {
    // Tiles of a map are black where it has no lines; what was erased of them is black too.
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.globalCompositeOperation = 'source-over';
}
