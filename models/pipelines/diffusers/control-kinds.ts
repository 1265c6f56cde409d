import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ControlKind } from '../../../shared/contracts/recipe.ts';
import { PipelineError } from '../pipeline-error.ts';

/** A control network of an added model, and which maps it follows; null when nothing says so. */
export interface ControlNetEntry {
  /** Its folder inside the model. */
  readonly name: string;
  readonly kind: ControlKind | null;
}

/** Words in the names people give control networks, the most telling first. */
const KIND_WORDS: readonly (readonly [RegExp, ControlKind])[] = [
  [/openpose|pose/, 'pose'],
  [/scribble|sketch/, 'scribble'],
  [/seg/, 'segmentation'],
  [/depth|midas|zoe/, 'depth'],
  [/canny|edge|line|hed|mlsd/, 'edge'],
];

/**
 * Returns a model's control networks: its components whose folder begins with `controlnet`. What they follow is read from
 * the folder's name (`controlnet_canny`), else from the name under which the checkpoint was published, which diffusers
 * keeps in config.json.
 */
export async function readControlNets(
  folder: string,
  components: readonly string[],
): Promise<readonly ControlNetEntry[]> {
  const names = components.filter((name) => name.startsWith('controlnet')).toSorted();
  return Promise.all(
    names.map(async (name) => ({
      name,
      kind: kindOf(name.slice('controlnet'.length)) ?? kindOf(await readPublishedName(join(folder, name))),
    })),
  );
}

function kindOf(words: string): ControlKind | null {
  const name = words.toLowerCase();
  return KIND_WORDS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

const configSchema = z.object({ _name_or_path: z.string() });

/** The last part of the name or path that config.json keeps; empty when it keeps none. */
async function readPublishedName(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return '';
  }
  const config = configSchema.safeParse(value);
  return config.success ? (config.data._name_or_path.split(/[\\/]/).at(-1) ?? '') : '';
}

interface ControlledModel {
  readonly name: string;
  readonly nets: readonly ControlNetEntry[];
  /** Whether its denoiser has the inputs that control networks feed. */
  readonly takesResiduals: boolean;
}

/**
 * Returns the folders of the networks that follow these kinds of map, in order. Throws PipelineError `unsupported`, with
 * what the model does follow and how it could follow more.
 */
export function chooseControlNets(kinds: readonly ControlKind[], model: ControlledModel): readonly string[] {
  return kinds.map((kind) => {
    const net = model.nets.find((entry) => entry.kind === kind);
    if (net === undefined || !model.takesResiduals)
      throw new PipelineError('unsupported', refuse(kind, model));
    return net.name;
  });
}

function refuse(kind: ControlKind, { name, nets, takesResiduals }: ControlledModel): string {
  if (nets.length === 0) {
    return (
      `${name} follows no maps: it has no control network. Put one into its folder, named for example ` +
      'controlnet_canny or controlnet_depth, and add the model again.'
    );
  }
  if (!takesResiduals) {
    return (
      `${name} has control networks, but its denoiser was exported without the inputs that they feed ` +
      '(down_block_additional_residual.0 and on). Export it with them, and add the model again.'
    );
  }
  const known = [...new Set(nets.flatMap((entry) => entry.kind ?? []))];
  const unknown = nets.filter((entry) => entry.kind === null).map((entry) => entry.name);
  const follows = known.length === 0 ? '' : ` It follows ${known.join(', ')}.`;
  const rename =
    unknown.length === 0
      ? ''
      : ` Nothing says what ${unknown.join(' and ')} follows: name its folder for example controlnet_canny, ` +
        'and add the model again.';
  return `${name} does not follow ${kind} maps.${follows}${rename}`;
}
