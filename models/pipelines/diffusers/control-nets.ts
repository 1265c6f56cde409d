import type { Branch } from '../../core/types.ts';
import { floatData, type HostTensor } from '../../runtime/tensor.ts';
import { concatBatch, repeatBatch, scaled, zerosLike } from './batches.ts';
import { type Conditioning, tellBranches } from './conditioning.ts';
import { timestepTensor } from './latent-loop.ts';
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

/** What stays the same for all evaluations of a run. */
export interface ControlRun {
  readonly controls: readonly ControlInput[];
  readonly conditioning: Conditioning;
  /** Residuals grow from a tenth in the shallowest layer to all in the deepest. */
  readonly guessMode: boolean;
  /** The run has a negative branch. With `guessMode` it knows nothing of the maps. */
  readonly guided: boolean;
  /** First evaluation and the one after the last of the schedule: a net's range is a share of what lies between. */
  readonly begin: number;
  readonly end: number;
}

export interface ControlCall {
  /** Network input of one branch, [N, C, h, w]. */
  readonly latents: HostTensor;
  readonly branches: readonly Branch[];
  readonly timestep: number;
  /** The evaluation. */
  readonly index: number;
}

/** Residuals by the name of the UNet input that takes them, for the branches of a call. */
type Residuals = Readonly<Record<string, HostTensor>>;

/**
 * Returns what gives the residuals that ControlNets (Zhang et al. 2023) add to a UNet's skip connections: each net's outputs
 * times its scale, summed over nets; zero outside a net's range of the run. Without nets there are none.
 */
export function createControls(run: ControlRun): (call: ControlCall) => Promise<Residuals> {
  if (run.controls.length === 0) return async () => ({});
  if (!run.guessMode || !run.guided) return async (call) => nameResiduals(await sumNets(run, call));

  // Branches may be evaluated in separate calls, and the negative one, which comes first, needs no net but its zeros' shapes.
  let known: { readonly index: number; readonly positive: readonly HostTensor[] } | null = null;
  return async (call) => {
    if (known?.index !== call.index) {
      const positive = await sumNets(run, { ...call, branches: ['positive'] });
      known = { index: call.index, positive };
    }
    const rows = known.positive.map((residual) =>
      concatBatch(call.branches.map((branch) => (branch === 'positive' ? residual : zerosLike(residual)))),
    );
    return nameResiduals(rows);
  };
}

/** From the shallowest layer to the middle block. */
async function sumNets(run: ControlRun, call: ControlCall): Promise<readonly HostTensor[]> {
  let sums: readonly HostTensor[] = [];
  for (const control of run.controls) {
    const outputs = await runNet(control, run, call);
    const weight = isActive(control, call.index - run.begin, run.end - run.begin) ? control.scale : 0;
    const residuals = outputs.map((output, j) =>
      scaled(output, weight * (run.guessMode ? layerWeight(j, outputs.length) : 1)),
    );
    sums = sums.length === 0 ? residuals : sums.map((sum, j) => add(sum, residuals[j]));
  }
  return sums;
}

function isActive({ start, end }: ControlInput, position: number, count: number): boolean {
  return !(position / count < start || (position + 1) / count > end);
}

/** 0.1 at the first residual, rising by equal factors to 1 at the last. */
function layerWeight(j: number, count: number): number {
  return 10 ** (-1 + j / (count - 1));
}

async function runNet(
  { net, map }: ControlInput,
  { conditioning }: ControlRun,
  { latents, branches, timestep }: ControlCall,
): Promise<readonly HostTensor[]> {
  const { session } = net;
  const rows = latents.shape[0] * branches.length;
  const told = Object.entries(tellBranches(conditioning, branches));
  const outputs = await session.run({
    // A net need not take all that the UNet is told.
    ...Object.fromEntries(told.filter(([name]) => session.hasInput(name))),
    sample: repeatBatch(latents, branches.length),
    timestep: timestepTensor(rows, timestep),
    controlnet_cond: repeatBatch(map, rows / map.shape[0]),
  });
  const down = Object.keys(outputs)
    .filter((name) => name.startsWith('down_block_res_sample'))
    .toSorted((a, b) => Number(a.match(/\d+$/)?.[0] ?? 0) - Number(b.match(/\d+$/)?.[0] ?? 0));
  return [...down.map((name) => outputs[name]), outputs.mid_block_res_sample];
}

function nameResiduals(residuals: readonly HostTensor[]): Residuals {
  return Object.fromEntries(
    residuals.map((residual, j) => [
      j === residuals.length - 1 ? 'mid_block_additional_residual' : `down_block_additional_residual.${j}`,
      residual,
    ]),
  );
}

function add(a: HostTensor, b: HostTensor): HostTensor {
  const others = floatData(b);
  return { shape: a.shape, data: floatData(a).map((value, i) => value + others[i]) };
}
