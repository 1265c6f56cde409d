import type { Metadata } from 'next';
import { CanvasLoader } from '../../../_studio/canvas/canvas-loader.tsx';

export const metadata: Metadata = { title: 'Canvas' };

export default async function CanvasPage({
  params,
}: {
  readonly params: Promise<{ readonly canvasId: string }>;
}) {
  const { canvasId } = await params;
  return <CanvasLoader canvasId={canvasId} key={canvasId} />;
}
