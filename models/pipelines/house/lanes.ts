import type { DenoiseInput } from './model.ts';

/** One picture's way to the network, shared with other pictures that are made at the same time. */
export interface Lane {
  /** Returns the predicted x0 of every branch, each [3, n, n], as `HouseImageModel.denoise`. */
  denoise(input: DenoiseInput): Promise<readonly Float32Array[]>;
  /** Nobody waits for this picture any more. May be called twice; the next `denoise` comes back in. */
  leave(): void;
  /** Milliseconds of this picture's evaluations that were the others' share of them. */
  readonly othersMs: number;
}

export interface Lanes {
  enter(): Lane;
}

type Predictions = readonly Float32Array[];

interface Call {
  readonly lane: object;
  readonly input: DenoiseInput;
  readonly resolve: (predictions: Predictions) => void;
  readonly reject: (error: unknown) => void;
}

/** How long those who are ready wait for one that is busy elsewhere (encoding a preview, say). */
const patienceMs = 10;

/**
 * Lets pictures of different people share network evaluations. Each is drawn by its own sampler; when all that are being
 * drawn have asked for their next evaluation, `run` makes up to `most` of them at once. Noise level, prompt, task, source
 * and strength belong to the sample, so pictures at different steps of different requests go together, and one that is
 * new, finished, cancelled or broken comes and goes between two evaluations without the others noticing.
 */
export function createLanes(options: {
  readonly most: number;
  readonly run: (inputs: readonly DenoiseInput[]) => Promise<readonly Predictions[]>;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}): Lanes {
  const { most, run, now } = options;
  const active = new Set<object>();
  const othersMs = new WeakMap<object, number>();
  let calls: Call[] = [];
  let isRunning = false;
  let patience: NodeJS.Timeout | undefined;

  function runWhenAllAsked(): void {
    if (isRunning || calls.length === 0) return;
    if (calls.length >= active.size) void runCalls();
    else patience ??= setTimeout(() => void runCalls(), patienceMs);
  }

  async function runCalls(): Promise<void> {
    clearTimeout(patience);
    patience = undefined;
    if (isRunning) return;
    isRunning = true;
    const asked = calls;
    calls = [];
    for (let first = 0; first < asked.length; first += most) await evaluate(asked.slice(first, first + most));
    isRunning = false;
    // Whoever was answered asks again in this turn of the event loop; whoever came meanwhile has waited already.
    queueMicrotask(runWhenAllAsked);
  }

  async function evaluate(group: readonly Call[]): Promise<void> {
    const started = now();
    try {
      const predictions = await run(group.map((call) => call.input));
      const each = ((now() - started) * (group.length - 1)) / group.length;
      for (const [i, call] of group.entries()) {
        othersMs.set(call.lane, (othersMs.get(call.lane) ?? 0) + each);
        call.resolve(predictions[i]);
      }
    } catch (error) {
      // Together they failed, so each is tried by itself: what is wrong with one must not end the others.
      if (group.length === 1) group[0].reject(error);
      else for (const call of group) await evaluate([call]);
    }
  }

  return {
    enter() {
      const lane = {};
      return {
        denoise(input) {
          active.add(lane);
          return new Promise((resolve, reject) => {
            calls.push({ lane, input, resolve, reject });
            runWhenAllAsked();
          });
        },
        leave() {
          active.delete(lane);
          runWhenAllAsked();
        },
        get othersMs() {
          return othersMs.get(lane) ?? 0;
        },
      };
    },
  };
}
