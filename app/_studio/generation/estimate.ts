import type { Settings } from '../../../shared/document/schema.ts';

/** A generation that ended well, as far as an estimate needs it. */
export interface Sample {
  readonly durationMs: number | null;
  readonly request: {
    readonly pack: string;
    readonly count: number;
    readonly steps: number;
    readonly solver: Settings['solver'];
    readonly width: number;
    readonly height: number;
    readonly controls: readonly unknown[];
  } | null;
}

/**
 * Expected milliseconds for the next request: the median time that a network evaluation of 256 × 256 pixels took in
 * `samples` with the same pack, times the evaluations of `settings` (Heun takes two a step, several maps more). Null without any sample.
 */
export function estimateMs(
  samples: readonly Sample[],
  settings: Settings,
  size: { readonly width: number; readonly height: number; readonly maps: number },
): number | null {
  const rates = samples
    .flatMap(({ durationMs, request }) =>
      durationMs === null || request === null || request.pack !== settings.pack
        ? []
        : [durationMs / workOf(request, { ...request, maps: request.controls.length })],
    )
    .sort((a, b) => a - b);
  const median = rates[Math.floor(rates.length / 2)];
  return median === undefined ? null : median * workOf(settings, size);
}

function workOf(
  job: { readonly count: number; readonly steps: number; readonly solver: Settings['solver'] },
  size: { readonly width: number; readonly height: number; readonly maps: number },
): number {
  const area = (size.width * size.height) / (256 * 256);
  // Several maps take one evaluation each and two more, in place of two.
  const share = size.maps < 2 ? 1 : (size.maps + 2) / 2;
  return job.count * job.steps * (job.solver === 'flow-heun' ? 2 : 1) * Math.max(area, 0.05) * share;
}
