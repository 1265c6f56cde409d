import type { Arithmetic } from '../../../shared/contracts/recipe.ts';
import type { HouseImageManifest } from '../../catalog/manifest.ts';
import { PipelineError } from '../pipeline-error.ts';

/** Returns the file of the denoiser that computes so. Throws PipelineError `unsupported` for a pack without one. */
export function denoiserFile(
  { name, version, components }: HouseImageManifest,
  arithmetic: Arithmetic = 'exact',
): string {
  if (arithmetic === 'exact') return components.denoiser.file;
  if (components.denoiserInt8 !== undefined) return components.denoiserInt8.file;
  throw new PipelineError(
    'unsupported',
    `${name} ${version} has no graph for 8-bit arithmetic; it computes exactly.`,
  );
}
