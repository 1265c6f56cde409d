import type { GenerationMode } from '../../../shared/contracts/recipe.ts';
import type { Settings } from '../../../shared/document/schema.ts';

/** A generation that ended well, as far as an estimate needs it. */
export interface Sample {
  readonly durationMs: number | null;
  readonly request: {
    readonly pack: string;
    readonly mode: GenerationMode;
    readonly count: number;
    readonly steps: number;
    readonly solver: Settings['solver'];
    readonly width: number;
    readonly height: number;
    readonly controls: readonly unknown[];
  } | null;
}

/** What the settings do not say of the next pictures. */
interface NextPicture {
  readonly mode: GenerationMode;
  readonly width: number;
  readonly height: number;
  readonly maps: number;
}

/**
 * Expected milliseconds for the next request: the median time that a network evaluation of 256 × 256 pixels took in
 * `samples` with the same pack, times the evaluations of `settings` (Heun takes two a step, several maps and edits by instruction
 * more). Null without any sample.
 */
export function estimateMs(samples: readonly Sample[], settings: Settings, next: NextPicture): number | null {
  const rates = samples
    .flatMap(({ durationMs, request }) =>
      // Enlarging runs another network.
      durationMs === null || request === null || request.pack !== settings.pack || request.mode === 'upscale'
        ? []
        : [durationMs / workOf(request, { ...request, maps: request.controls.length })],
    )
    .sort((a, b) => a - b);
  const median = rates[Math.floor(rates.length / 2)];
  return median === undefined ? null : median * workOf(settings, next);
}

function workOf(
  job: { readonly count: number; readonly steps: number; readonly solver: Settings['solver'] },
  { mode, width, height, maps }: NextPicture,
): number {
  const area = (width * height) / (256 * 256);
  // Several maps take one evaluation each and two more, an edit by instruction three, in place of two.
  const share = mode === 'instruct' ? 3 / 2 : maps < 2 ? 1 : (maps + 2) / 2;
  return job.count * job.steps * (job.solver === 'flow-heun' ? 2 : 1) * Math.max(area, 0.05) * share;
}
