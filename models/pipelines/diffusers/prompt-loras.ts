import { join } from 'node:path';
import { findLora, type LoraEntry, verifyLora } from '../../catalog/loras.ts';
import { PackError } from '../../catalog/pack-error.ts';
import { type GraphWeights, readGraphWeights } from '../../lora/graph-weights.ts';
import { type LoraLayer, readLayers } from '../../lora/layers.ts';
import { matchLayers } from '../../lora/match.ts';
import { type LoraPart, mergeLoras, readWhole } from '../../lora/merge.ts';
import type { LoraTarget } from '../../lora/tensor-names.ts';
import type { WeightPatch } from '../../runtime/session.ts';
import type { SessionCache } from '../../runtime/session-cache.ts';
import { parsePrompt } from '../../text/prompt-syntax.ts';
import type { AppliedLora } from '../image-request.ts';
import { PipelineError } from '../pipeline-error.ts';
import { type ModelFolder, openModelFolder } from './model-folder.ts';

export interface PromptLoras {
  /** The model with the LoRAs of one prompt merged in. Close it when the picture is made. */
  readonly folder: ModelFolder;
  readonly applied: readonly AppliedLora[];
  /** Sentences about parts of a LoRA that the model has no place for. */
  readonly notices: readonly string[];
}

export interface PromptLoraOptions {
  readonly packFolder: string;
  readonly modelName: string;
  /** Where the person's LoRA files are. */
  readonly loras: string;
  readonly sessions: SessionCache;
  /** The model as it is. */
  readonly folder: ModelFolder;
}

/** Applies `<lora:name:weight>` tags of prompts. One for each open model: it remembers what it read of graphs and files. */
export function createPromptLoras(options: PromptLoraOptions): {
  /**
   * Returns the model for a prompt's LoRAs, or null when the prompt has none. Throws PipelineError `bad-input` for a name
   * nobody added, for a file made for another model, and for tags in the negative prompt.
   */
  open(prompts: { readonly prompt: string; readonly negativePrompt: string }): Promise<PromptLoras | null>;
} {
  const graphs = new Map<string, Promise<GraphWeights>>();
  const files = new Map<string, Promise<LoraFile>>();

  function graphOf(component: string): Promise<GraphWeights> {
    const path = join(options.packFolder, component, 'model.onnx');
    const known = graphs.get(component) ?? readWhole(path).then(readGraphWeights);
    graphs.set(component, known);
    return known;
  }

  async function fileOf(name: string): Promise<LoraFile> {
    const entry = await findLora(name, options.loras);
    const { id, file } = entry.manifest;
    const known = files.get(file.sha256) ?? openFile(entry);
    files.set(file.sha256, known);
    try {
      return await known;
    } catch (error) {
      files.delete(file.sha256);
      throw error instanceof PackError
        ? new PipelineError('bad-input', `The LoRA '${id}' cannot be used: ${error.message}`)
        : error;
    }
  }

  async function matchFile({ entry, layers, unread }: LoraFile, strength: number): Promise<Matched> {
    const parts = new Map<string, LoraPart>();
    const missing: LoraLayer[] = [];
    for (const target of new Set(layers.map((layer) => layer.target))) {
      const own = layers.filter((layer) => layer.target === target);
      const component = componentOf(target, options.folder);
      if (component === null) {
        missing.push(...own);
        continue;
      }
      const { matches, unmatched } = matchLayers(await graphOf(component), own);
      missing.push(...unmatched);
      if (matches.length > 0) parts.set(component, { file: entry.path, strength, matches });
    }
    const { id, file } = entry.manifest;
    if (parts.size === 0) {
      throw new PipelineError(
        'bad-input',
        `The LoRA '${id}' was made for another model: none of its ${layers.length} layers are in ${options.modelName}.`,
      );
    }
    const notice = describeMissing(id, { missing, unread, of: layers.length });
    return { parts, notice, applied: { name: id, strength, sha256: file.sha256 } };
  }

  return {
    async open({ prompt, negativePrompt }) {
      if (parsePrompt(negativePrompt).loras.length > 0) {
        throw new PipelineError(
          'bad-input',
          'A LoRA changes the whole model: name it in the prompt, not in the negative prompt.',
        );
      }
      const strengths = new Map<LoraFile, number>();
      for (const { name, weight } of parsePrompt(prompt).loras) {
        const file = await fileOf(name).catch(explainUnknown);
        strengths.set(file, (strengths.get(file) ?? 0) + weight);
      }
      const used = [...strengths].filter(([, strength]) => strength !== 0);
      if (used.length === 0) return null;
      const matched: Matched[] = [];
      for (const [file, strength] of used) matched.push(await matchFile(file, strength));
      const locations = new Map<string, readonly string[]>();
      for (const component of new Set(matched.flatMap(({ parts }) => [...parts.keys()]))) {
        locations.set(component, (await graphOf(component)).locations);
      }
      return {
        folder: openModelFolder({
          folders: [options.packFolder],
          sessions: options.sessions,
          patch: (component) => patchOf(component, matched, locations.get(component) ?? []),
        }),
        applied: matched.map(({ applied }) => applied),
        notices: matched.flatMap(({ notice }) => (notice === null ? [] : [notice])),
      };
    },
  };
}

interface LoraFile {
  readonly entry: LoraEntry;
  readonly layers: readonly LoraLayer[];
  readonly unread: readonly string[];
}

async function openFile(entry: LoraEntry): Promise<LoraFile> {
  return { entry, ...readLayers(await verifyLora(entry)) };
}

interface Matched {
  /** What it changes, by component. */
  readonly parts: ReadonlyMap<string, LoraPart>;
  readonly notice: string | null;
  readonly applied: AppliedLora;
}

function componentOf(target: LoraTarget, folder: ModelFolder): string | null {
  const names = target === 'denoiser' ? ['unet', 'transformer'] : [target];
  return names.find((name) => folder.has(name)) ?? null;
}

/** The change of one component: equal LoRAs at equal strengths share a session. */
function patchOf(
  component: string,
  matched: readonly Matched[],
  locations: readonly string[],
): WeightPatch | undefined {
  const own = matched.flatMap(({ parts, applied }) => {
    const part = parts.get(component);
    return part ? [{ part, applied }] : [];
  });
  if (own.length === 0) return undefined;
  return {
    key: own.map(({ applied }) => `${applied.sha256} at ${applied.strength}`).join(', '),
    apply: (path) =>
      mergeLoras(
        path,
        locations,
        own.map(({ part }) => part),
      ),
  };
}

const NAMED = 3;
/** A file may call its tensors anything. */
const NAME_LENGTH = 120;

function describeMissing(
  id: string,
  { missing, unread, of }: { missing: readonly LoraLayer[]; unread: readonly string[]; of: number },
): string | null {
  const sentences: string[] = [];
  if (missing.length > 0) {
    const names = list(
      missing.map(({ target, module: path, parameter }) =>
        parameter === 'bias' ? `${target}.${path} (bias)` : `${target}.${path}`,
      ),
    );
    sentences.push(
      `${missing.length} of ${of} layers have no place in this model and are not used: ${names}.`,
    );
  }
  if (unread.length > 0) {
    sentences.push(`${unread.length} tensors are of a kind that is not read: ${list(unread)}.`);
  }
  return sentences.length === 0 ? null : `LoRA '${id}': ${sentences.join(' ')}`;
}

function list(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return (
    names
      .slice(0, NAMED)
      .map((name) => name.slice(0, NAME_LENGTH))
      .join(', ') + more
  );
}

function explainUnknown(error: unknown): never {
  throw error instanceof PackError
    ? new PipelineError('bad-input', `${error.message} Add one with npx gesso models add FILE.safetensors.`)
    : error;
}
