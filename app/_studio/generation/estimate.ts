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
    readonly arithmetic: Settings['arithmetic'];
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
 * Expected milliseconds for the next request: the median time that a network evaluation of 256 × 256 pixels took in those of
 * `samples` that are most like it, times the evaluations of `settings` (Heun takes two a step, several maps and edits by
 * instruction more). Null without any sample of the same pack.
 */
export function estimateMs(samples: readonly Sample[], settings: Settings, next: NextPicture): number | null {
  const known = samples.flatMap(({ durationMs, request }) =>
    // Enlarging runs another network.
    durationMs === null || request === null || request.pack !== settings.pack || request.mode === 'upscale'
      ? []
      : [{ request, rate: durationMs / workOf(request, { ...request, maps: request.controls.length }) }],
  );
  const alike = likenesses
    .map((isAlike) => known.filter(({ request }) => isAlike(request, settings)))
    .find((some) => some.length > 0);
  const rates = (alike ?? []).map(({ rate }) => rate).sort((one, other) => one - other);
  const median = rates[Math.floor(rates.length / 2)];
  return median === undefined ? null : median * workOf(settings, next);
}

type Likeness = (request: NonNullable<Sample['request']>, settings: Settings) => boolean;

/**
 * The closest first. In 8 bits an evaluation takes less time, and a few steps can take one evaluation each where more take two:
 * pictures of the same kind tell the time best.
 */
const likenesses: readonly Likeness[] = [
  (request, { arithmetic, steps }) => request.arithmetic === arithmetic && request.steps === steps,
  (request, { arithmetic }) => request.arithmetic === arithmetic,
  () => true,
];

function workOf(
  job: { readonly count: number; readonly steps: number; readonly solver: Settings['solver'] },
  { mode, width, height, maps }: NextPicture,
): number {
  const area = (width * height) / (256 * 256);
  // Several maps take one evaluation each and two more, an edit by instruction three, in place of two.
  const share = mode === 'instruct' ? 3 / 2 : maps < 2 ? 1 : (maps + 2) / 2;
  return job.count * job.steps * (job.solver === 'flow-heun' ? 2 : 1) * Math.max(area, 0.05) * share;
}
