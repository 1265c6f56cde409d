import type { Branch } from '../../core/types.ts';
import type { PreparedControl, PreparedEdit, PreparedPictures } from './conditioning.ts';
import type { Jump } from './flow-map.ts';
import type { DenoiseInput, HouseConditioning, TextStates } from './model.ts';

/** What a prediction needs of a run. */
interface PredictContext {
  readonly positive: TextStates;
  readonly negative: TextStates;
  readonly pictures: PreparedPictures;
  /** Returns the predicted x0 of every branch. */
  readonly denoise: (input: DenoiseInput) => Promise<readonly Float32Array[]>;
}

interface PredictAt {
  /** x_t, [3, n, n]. */
  readonly x: Float32Array;
  readonly t: number;
  /** Where the step goes, when the flow map is asked. */
  readonly jump: Jump | null;
  /** The maps that are followed at this point. */
  readonly active: readonly PreparedControl[];
}

interface Predictions {
  /** Predicted x0, one for each branch asked for. */
  readonly byBranch: readonly Float32Array[];
  /** Network evaluations it took. */
  readonly evaluations: number;
}

/** Predicts x0 for the branches of guidance. */
export async function predict(
  branches: readonly Branch[],
  at: PredictAt,
  context: PredictContext,
): Promise<Predictions> {
  const { pictures, positive, negative, denoise } = context;
  if (pictures.edit !== null) return predictEdit(branches, at, { ...context, edit: pictures.edit });
  if (at.active.length > 0) return predictMapped(branches, at, context);
  const { x, t, jump } = at;
  const states = branches.map((branch) => (branch === 'positive' ? positive : negative));
  const byBranch = await denoise({ x, t, jump, branches: states, conditioning: pictures.plain });
  return { byBranch, evaluations: branches.length };
}

/**
 * Follows any number of maps with a network that was trained with one at a time.
 *
 * Only the positive branch knows of the maps, so that guidance pulls towards them as it pulls towards the words; told to both
 * branches, a map cancels out of their difference and is followed half as closely (edge F1 0.68 against 0.86 on six scenes).
 * Several maps act together: x̂(∅) + Σ (x̂(map) − x̂(∅)) / √K, after the conjunction of Liu et al. 2022, "Compositional
 * Visual Generation with Composable Diffusion Models". Maps of one scene say much the same: their mean follows none well, and
 * their plain sum overshoots in colour. That takes two evaluations more than there are maps, for one map none more than
 * without. docs/decisions/0013 has the measurements.
 */
async function predictMapped(
  branches: readonly Branch[],
  { x, t, jump, active }: PredictAt,
  { pictures, positive, negative, denoise }: PredictContext,
): Promise<Predictions> {
  let evaluations = 0;
  const evaluate = async (states: TextStates, conditioning: HouseConditioning): Promise<Float32Array> => {
    evaluations += 1;
    return (await denoise({ x, t, jump, branches: [states], conditioning }))[0];
  };
  const evaluateMapped = async (): Promise<Float32Array> => {
    const isBlank = pictures.plain === pictures.blank;
    if (isBlank && active.length === 1) return evaluate(positive, active[0].conditioning);
    const plain = await evaluate(positive, pictures.plain);
    const blank = isBlank ? plain : await evaluate(positive, pictures.blank);
    const sum = Float32Array.from(plain);
    const share = 1 / Math.sqrt(active.length);
    for (const { conditioning } of active) {
      const mapped = await evaluate(positive, conditioning);
      for (let i = 0; i < sum.length; i += 1) sum[i] += share * (mapped[i] - blank[i]);
    }
    return sum;
  };

  const byBranch: Float32Array[] = [];
  for (const branch of branches) {
    byBranch.push(branch === 'positive' ? await evaluateMapped() : await evaluate(negative, pictures.plain));
  }
  return { byBranch, evaluations };
}

/**
 * The three predictions of an edit by instruction (Brooks et al. 2023, equation 3): `positive` knows the instruction and the
 * source, `image` the source alone, `negative` nothing.
 */
async function predictEdit(
  branches: readonly Branch[],
  { x, t, jump }: PredictAt,
  context: PredictContext & { readonly edit: PreparedEdit },
): Promise<Predictions> {
  const { positive, negative, edit, denoise } = context;
  const [both, image] = await denoise({
    x,
    t,
    jump,
    branches: [positive, negative],
    conditioning: edit.source,
  });
  const [none] = await denoise({ x, t, jump, branches: [negative], conditioning: edit.nothing });
  const known: Partial<Readonly<Record<Branch, Float32Array>>> = { positive: both, image, negative: none };
  const byBranch = branches.map((branch) => {
    const prediction = known[branch];
    if (prediction === undefined) throw new Error(`an edit has no branch ${branch}`);
    return prediction;
  });
  return { byBranch, evaluations: 3 };
}
