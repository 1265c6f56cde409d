import { floatData, type HostTensor } from '../../runtime/tensor.ts';
import { parsePrompt } from '../../text/prompt-syntax.ts';
import type { PromptTokenizer } from '../../text/prompt-tokenizer.ts';
import { applyWeights, chunkPrompt } from '../../text/weighted-chunks.ts';
import { concatBatch, sliceBatch } from './batches.ts';
import type { TextEncoder, TextOutputs } from './clip-text.ts';

/**
 * `plain`: the text as it stands, cut where the encoder ends, as the reference does. `weighted`: the prompt language of
 * text/prompt-syntax, in as many chunks as it takes.
 */
export type PromptSyntax = 'plain' | 'weighted';

export interface EncodedPrompts {
  /** [prompts, tokens, width]. */
  readonly states: HostTensor;
  /** [prompts, width]; the states' first row of no width when nothing was asked to be pooled. */
  readonly pooled: HostTensor;
}

export interface EncodeOptions {
  readonly syntax: PromptSyntax;
  /** Which states of the encoder count. */
  readonly select: (outputs: TextOutputs) => HostTensor;
  readonly pool?: (outputs: TextOutputs) => HostTensor;
  /** At least this many chunks. */
  readonly chunks?: number;
}

/** Encodes positive and negative prompts to the same number of tokens, so that both fit into one batch. */
export async function encodePrompts(
  encoder: TextEncoder,
  prompts: { readonly positive: readonly string[]; readonly negative: readonly string[] },
  options: EncodeOptions,
): Promise<{ readonly positive: EncodedPrompts; readonly negative: EncodedPrompts }> {
  if (options.syntax === 'plain') {
    const positive = await encodePlain(encoder, prompts.positive, options);
    const negative =
      prompts.negative.length === 0 ? positive : await encodePlain(encoder, prompts.negative, options);
    return { positive, negative };
  }
  const all = [...prompts.positive, ...prompts.negative];
  const count = Math.max(countChunks(all, encoder.tokenizer), options.chunks ?? 1);
  const rows: EncodedPrompts[] = [];
  for (const prompt of all) {
    rows.push(await encodeChunks(encoder, prompt, { ...options, chunks: count }));
  }
  const split = prompts.positive.length;
  const positive = joinRows(rows.slice(0, split));
  return { positive, negative: prompts.negative.length === 0 ? positive : joinRows(rows.slice(split)) };
}

/** Returns how many chunks the longest of the prompts needs. */
export function countChunks(prompts: readonly string[], tokenizer: PromptTokenizer): number {
  return Math.max(...prompts.map((prompt) => chunkPrompt(parsePrompt(prompt), tokenizer).length));
}

async function encodePlain(
  encoder: TextEncoder,
  texts: readonly string[],
  { select, pool }: EncodeOptions,
): Promise<EncodedPrompts> {
  const outputs = await encoder.run(texts);
  return { states: select(outputs), pooled: pool?.(outputs) ?? nothingPooled(texts.length) };
}

/** One run a prompt, its chunks as a batch; their states lie one after the other. The first chunk is pooled. */
async function encodeChunks(
  encoder: TextEncoder,
  prompt: string,
  options: EncodeOptions,
): Promise<EncodedPrompts> {
  const chunks = chunkPrompt(parsePrompt(prompt), encoder.tokenizer, options.chunks);
  const outputs = await encoder.runIds(chunks.map((chunk) => chunk.ids));
  const states = options.select(outputs);
  const [count, length, width] = states.shape;
  const data = Float32Array.from(floatData(states));
  chunks.forEach((chunk, i) => {
    applyWeights(data.subarray(i * length * width, (i + 1) * length * width), chunk.weights);
  });
  const pooled = options.pool === undefined ? nothingPooled(1) : sliceBatch(options.pool(outputs), 0, 1);
  return { states: { shape: [1, count * length, width], data }, pooled };
}

function joinRows(rows: readonly EncodedPrompts[]): EncodedPrompts {
  return {
    states: concatBatch(rows.map((row) => row.states)),
    pooled: concatBatch(rows.map((row) => row.pooled)),
  };
}

function nothingPooled(rows: number): HostTensor {
  return { shape: [rows, 0], data: new Float32Array(0) };
}
