import { z } from 'zod';
import { type GenerationRequest, generationRequestSchema } from '../../../shared/contracts/generation.ts';
import { type Recipe, recipeSchema } from '../../../shared/contracts/recipe.ts';
import { contentHashSchema } from '../../../shared/document/schema.ts';
import type { Context } from '../../trpc/init.ts';
import type { GenerationRow } from './repo.ts';

/** A picture of a generation, as the browser shows it. Links expire after some minutes. */
export interface OutputView {
  readonly id: string;
  readonly index: number;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly hash: string;
  readonly url: string;
  readonly thumbnailUrl: string;
  /** Everything that is needed to make it again. */
  readonly recipe: Recipe | null;
  readonly isTrashed: boolean;
}

/** A lineage edge: what the generation was made from. */
export interface InputView {
  readonly role: string;
  readonly layerId: string | null;
  readonly outputId: string | null;
  readonly hash: string | null;
  readonly thumbnailUrl: string | null;
}

export interface GenerationView {
  readonly id: string;
  readonly organizationId: string;
  readonly canvas: { readonly id: string; readonly name: string; readonly isTrashed: boolean } | null;
  readonly canvasVersionId: string | null;
  readonly state: GenerationRow['state'];
  readonly requestedBy: { readonly id: string; readonly name: string };
  readonly prompt: string;
  readonly request: GenerationRequest | null;
  readonly pack: string;
  readonly workerId: string | null;
  readonly attempt: number;
  readonly step: number;
  readonly steps: number;
  readonly error: { readonly code: string; readonly message: string; readonly fix: string } | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly durationMs: number | null;
  readonly isTrashed: boolean;
  readonly outputs: readonly OutputView[];
  readonly inputs: readonly InputView[];
}

const errorSchema = z.object({ code: z.string(), message: z.string(), fix: z.string() });

/** A row as the browser sees it, with signed links. */
export function toView(
  row: GenerationRow,
  { links, names }: { readonly links: Context['assetLinks']; readonly names: ReadonlyMap<string, string> },
): GenerationView {
  const { organizationId } = row;
  const link = (text: string, variant: 'original' | 'thumbnail') =>
    links.sign({ organizationId, hash: contentHashSchema.parse(text), variant });
  const { canvas, canvasId } = row;
  return {
    id: row.id,
    organizationId,
    canvas:
      canvas === null || canvasId === null
        ? null
        : { id: canvasId, name: canvas.name, isTrashed: canvas.deletedAt !== null },
    canvasVersionId: row.canvasVersionId,
    state: row.state,
    requestedBy: { id: row.requestedById, name: names.get(row.requestedById) ?? 'Somebody who left' },
    prompt: row.prompt,
    request: generationRequestSchema.safeParse(row.request).data ?? null,
    pack: row.pack,
    workerId: row.workerId,
    attempt: row.attempt,
    step: row.step,
    steps: row.steps,
    error: errorSchema.safeParse(row.error).data ?? null,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    durationMs: row.durationMs,
    isTrashed: row.deletedAt !== null,
    outputs: row.outputs.map((output) => ({
      id: output.id,
      index: output.index,
      seed: Number(output.seed),
      width: output.width,
      height: output.height,
      hash: output.assetHash,
      url: link(output.assetHash, 'original'),
      thumbnailUrl: link(output.assetHash, 'thumbnail'),
      recipe: recipeSchema.safeParse(output.recipe).data ?? null,
      isTrashed: output.deletedAt !== null,
    })),
    inputs: row.inputs.map((input) => ({
      role: input.role,
      layerId: input.layerId,
      outputId: input.outputId,
      hash: input.assetHash,
      thumbnailUrl: input.assetHash === null ? null : link(input.assetHash, 'thumbnail'),
    })),
  };
}
