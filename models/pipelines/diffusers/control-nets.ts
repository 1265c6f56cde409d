import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { concatBatch, repeatBatch, scaled, sliceBatch, zerosLike } from './batches.ts';
import type { Component } from './model-folder.ts';

/** A control network with the map it follows. */
export interface ControlInput {
  readonly net: Component;
  /** [1, 3, H, W] in 0 … 1. */
  readonly map: HostTensor;
  readonly scale: number;
  /** Share of the run at which it starts and ends to act, 0 … 1. */
  readonly start: number;
  readonly end: number;
}

export interface ControlCall {
  /** Network input of all branches, [branches · N, C, h, w]. */
  readonly sample: HostTensor;
  readonly states: HostTensor;
  readonly timestep: number;
  /** Position in the run and evaluations in it. */
  readonly index: number;
  readonly count: number;
  /** Residuals grow from a tenth in the shallowest layer to all in the deepest. */
  readonly guessMode: boolean;
  /** With `guessMode` and [negative, positive] branches, the map acts on the positive half alone. */
  readonly guided: boolean;
}

/**
 * Returns the residuals that ControlNets (Zhang et al. 2023) add to a UNet's skip connections, by the UNet's input names:
 * each net's outputs times its scale, summed over nets; zero outside a net's range of the run.
 */
export async function runControlNets(
  controls: readonly ControlInput[],
  call: ControlCall,
): Promise<Readonly<Record<string, HostTensor>>> {
  const rows = call.sample.shape[0];
  const half = call.guessMode && call.guided;
  const sample = half ? sliceBatch(call.sample, rows / 2, rows) : call.sample;
  const states = half ? sliceBatch(call.states, rows / 2, rows) : call.states;
  let sums: readonly HostTensor[] = [];
  for (const control of controls) {
    const outputs = await runNet(control, { ...call, sample, states });
    const weight = isActive(control, call) ? control.scale : 0;
    const residuals = outputs.map((output, j) =>
      scaled(output, weight * (call.guessMode ? layerWeight(j, outputs.length) : 1)),
    );
    sums = sums.length === 0 ? residuals : sums.map((sum, j) => add(sum, residuals[j]));
  }
  const whole = half ? sums.map((sum) => concatBatch([zerosLike(sum), sum])) : sums;
  return Object.fromEntries(
    whole.map((residual, j) => [
      j === whole.length - 1 ? 'mid_block_additional_residual' : `down_block_additional_residual.${j}`,
      residual,
    ]),
  );
}

function isActive(control: ControlInput, call: ControlCall): boolean {
  return !(call.index / call.count < control.start || (call.index + 1) / call.count > control.end);
}

/** 0.1 at the first residual, rising by equal factors to 1 at the last. */
function layerWeight(j: number, count: number): number {
  return 10 ** (-1 + j / (count - 1));
}

/** Residuals from the shallowest layer to the middle block. */
async function runNet(control: ControlInput, call: ControlCall): Promise<readonly HostTensor[]> {
  const { net, map } = control;
  const rows = call.sample.shape[0];
  const outputs = await net.session.run({
    sample: call.sample,
    timestep: float32Tensor([rows], new Float32Array(rows).fill(call.timestep)),
    encoder_hidden_states: call.states,
    controlnet_cond: repeatBatch(map, rows / map.shape[0]),
  });
  const down = Object.keys(outputs)
    .filter((name) => name.startsWith('down_block_res_sample'))
    .toSorted((a, b) => Number(a.match(/\d+$/)?.[0] ?? 0) - Number(b.match(/\d+$/)?.[0] ?? 0));
  return [...down.map((name) => outputs[name]), outputs.mid_block_res_sample];
}

function add(a: HostTensor, b: HostTensor): HostTensor {
  const others = floatData(b);
  return { shape: a.shape, data: floatData(a).map((value, i) => value + others[i]) };
}
