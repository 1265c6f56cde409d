import type { Branch } from '../../core/types.ts';
import type { HostTensor } from '../../runtime/tensor.ts';
import { concatBatch } from './batches.ts';

/** What a network is told besides latents and time: by input name, a tensor with one row for each picture of the run. */
export type Told = Readonly<Record<string, HostTensor>>;

/** What it is told under each branch of guidance. Both name the same inputs. */
export type Conditioning = Readonly<Record<Exclude<Branch, 'image'>, Told>>;

/** Returns what a batch of branches is told, branch after branch. */
export function tellBranches(conditioning: Conditioning, branches: readonly Branch[]): Told {
  const told = branches.map((branch) => conditioning[branch === 'positive' ? 'positive' : 'negative']);
  const names = Object.keys(conditioning.positive);
  return Object.fromEntries(names.map((name) => [name, concatBatch(told.map((one) => one[name]))]));
}
