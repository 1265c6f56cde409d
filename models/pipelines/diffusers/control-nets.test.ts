import { describe, expect, it } from 'vitest';
import type { ModelSession } from '../../runtime/session.ts';
import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { type ControlRun, createControls } from './control-nets.ts';

/** A net whose two residuals are what the text states of each row say; it counts the rows it was asked for. */
function createNet() {
  const rows: number[] = [];
  const session: ModelSession = {
    path: 'controlnet/model.onnx',
    inputs: [],
    outputs: [],
    memoryBytes: 0,
    hasInput: (name) => name === 'encoder_hidden_states',
    hasOutput: () => true,
    bind: () => () => Promise.reject(new Error('not asked for')),
    runForOutput: () => Promise.reject(new Error('not asked for')),
    async run({ encoder_hidden_states: states }): Promise<Record<string, HostTensor>> {
      rows.push(states.shape[0]);
      return { 'down_block_res_sample.0': states, mid_block_res_sample: states };
    },
    close: async () => {},
  };
  return { rows, net: { session, config: {} } };
}

const one = (value: number): HostTensor => float32Tensor([1, 1], Float32Array.of(value));
const latents = float32Tensor([1, 4, 1, 1], new Float32Array(4));

function createRun(changes: Partial<ControlRun> = {}) {
  const { rows, net } = createNet();
  const map = float32Tensor([1, 3, 8, 8], new Float32Array(192));
  const residuals = createControls({
    controls: [{ net, map, scale: 0.5, start: 0, end: 1 }],
    conditioning: {
      negative: { encoder_hidden_states: one(2), text_embeds: one(0) },
      positive: { encoder_hidden_states: one(8), text_embeds: one(0) },
    },
    guessMode: false,
    guided: true,
    begin: 0,
    end: 4,
    ...changes,
  });
  async function middle(branches: readonly ('negative' | 'positive')[], index: number) {
    const { mid_block_additional_residual } = await residuals({ latents, branches, timestep: 1, index });
    return [...floatData(mid_block_additional_residual)];
  }
  return { rows, residuals, middle };
}

describe('createControls', () => {
  it('gives each branch what the net says to its text, together or one by one', async () => {
    const { middle } = createRun();
    expect(await middle(['negative', 'positive'], 0)).toEqual([1, 4]);
    expect([await middle(['negative'], 1), await middle(['positive'], 1)]).toEqual([[1], [4]]);
  });

  it('runs a guessing net once an evaluation, for the positive branch alone', async () => {
    const { rows, middle } = createRun({ guessMode: true });
    expect(await middle(['negative', 'positive'], 0)).toEqual([0, 4]);
    expect([await middle(['negative'], 1), await middle(['positive'], 1)]).toEqual([[0], [4]]);
    expect(rows).toEqual([1, 1]);
  });

  it('weakens the shallow residuals of a guessing net, guided or not', async () => {
    const { residuals } = createRun({ guessMode: true, guided: false });
    const call = { latents, branches: ['positive'], timestep: 1, index: 0 } as const;
    const named = await residuals(call);
    expect(floatData(named['down_block_additional_residual.0'])[0]).toBeCloseTo(0.4, 6);
    expect(floatData(named.mid_block_additional_residual)[0]).toBe(4);
  });

  it('counts a range from where the run begins', async () => {
    const { net } = createNet();
    const map = float32Tensor([1, 3, 8, 8], new Float32Array(192));
    const { middle } = createRun({
      controls: [{ net, map, scale: 1, start: 0.5, end: 1 }],
      begin: 6,
      end: 10,
    });
    const active: number[] = [];
    for (let index = 6; index < 10; index += 1) active.push(...(await middle(['positive'], index)));
    expect(active).toEqual([0, 0, 8, 8]);
  });

  it('adds nothing without nets', async () => {
    const { residuals } = createRun({ controls: [] });
    expect(await residuals({ latents, branches: ['positive'], timestep: 1, index: 0 })).toEqual({});
  });
});
