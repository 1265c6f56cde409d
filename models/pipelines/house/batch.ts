import type { ModelSession } from '../../runtime/session.ts';
import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import type { DenoiseInput, TextStates } from './model.ts';

/** What a denoiser's samples look like. */
export interface SampleSize {
  /** Side of the square in pixels. */
  readonly size: number;
  /** Numbers in one row of text states. */
  readonly width: number;
}

/** The inputs of a run over so many samples, in arrays that stay. */
interface Batch {
  readonly count: number;
  /** Numbers in the text states of each sample. */
  readonly stateLength: number;
  /** Tells the network what the i-th sample is: a picture's state under one of its prompts. */
  write(i: number, input: DenoiseInput, states: TextStates): void;
  /** Returns the predicted x0 of every sample, one after the other. */
  readonly run: () => Promise<HostTensor>;
}

/**
 * Returns what runs a denoiser once over all branches of some pictures: the predictions of each, in order. Runs of one size
 * share their arrays; runs that are asked for at the same time do not.
 */
export function createBatchRunner(
  denoiser: ModelSession,
  sample: SampleSize,
): (inputs: readonly DenoiseInput[]) => Promise<readonly (readonly Float32Array[])[]> {
  const idle: Batch[] = [];

  function take(count: number, stateLength: number): Batch {
    const known = idle.findIndex((one) => one.count === count && one.stateLength === stateLength);
    return known === -1 ? createBatch(denoiser, sample, { count, stateLength }) : idle.splice(known, 1)[0];
  }

  return async (inputs) => {
    let count = 0;
    let stateLength = 0;
    for (const { branches } of inputs) {
      count += branches.length;
      for (const states of branches) stateLength = Math.max(stateLength, states.length);
    }
    const batch = take(count, stateLength);
    let row = 0;
    for (const input of inputs) {
      for (const states of input.branches) batch.write(row++, input, states);
    }
    const out = floatData(await batch.run());
    // Only now: a batch whose run failed is left to the collector.
    idle.push(batch);
    const each = out.length / count;
    row = 0;
    return inputs.map(({ branches }) =>
      branches.map(() => {
        row += 1;
        return out.subarray((row - 1) * each, row * each);
      }),
    );
  };
}

function createBatch(
  denoiser: ModelSession,
  { size, width }: SampleSize,
  { count, stateLength }: Pick<Batch, 'count' | 'stateLength'>,
): Batch {
  const area = size * size;
  const sample = new Float32Array(count * 3 * area);
  const timestep = new Float32Array(count);
  const condition = new Float32Array(count * 3 * area);
  const mask = new Float32Array(count * area);
  const task = new BigInt64Array(count);
  const strength = new Float32Array(count);
  const text = new Float32Array(count * stateLength);
  const next = new Float32Array(count);
  const scale = new Float32Array(count);
  const knowsFlowMap = denoiser.inputs.some(({ name }) => name === 'timestep_next');
  const run = denoiser.bind(
    {
      sample: float32Tensor([count, 3, size, size], sample),
      timestep: float32Tensor([count], timestep),
      condition: float32Tensor([count, 3, size, size], condition),
      condition_mask: float32Tensor([count, 1, size, size], mask),
      task: { shape: [count], data: task },
      condition_strength: float32Tensor([count], strength),
      encoder_hidden_states: float32Tensor([count, stateLength / width, width], text),
      ...(knowsFlowMap
        ? { timestep_next: float32Tensor([count], next), guidance_scale: float32Tensor([count], scale) }
        : {}),
    },
    'out_sample',
  );
  // Nobody writes to a conditioning or to states: what was told is not told again. From step to step only x and t change.
  const told = Array.from({ length: count }, (): Told => ({ conditioning: null, states: null }));

  return {
    count,
    stateLength,
    write(i, { x, t, jump, conditioning }, states) {
      sample.set(x, i * 3 * area);
      timestep[i] = t;
      // A step of no length without guidance: there the flow map is the mean of x0.
      next[i] = jump?.to ?? t;
      scale[i] = jump?.guidanceScale ?? 1;
      const known = told[i];
      if (conditioning !== known.conditioning) {
        known.conditioning = conditioning;
        condition.set(conditioning.condition, i * 3 * area);
        mask.set(conditioning.mask, i * area);
        task[i] = BigInt(conditioning.task);
        strength[i] = conditioning.strength;
      }
      if (states !== known.states) {
        known.states = states;
        text.set(states, i * stateLength);
        // The core passes over rows of zeros, in which shorter states end.
        text.fill(0, i * stateLength + states.length, (i + 1) * stateLength);
      }
    },
    run,
  };
}

interface Told {
  conditioning: DenoiseInput['conditioning'] | null;
  states: TextStates | null;
}
