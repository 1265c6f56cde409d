import { type HostTensor, int64Tensor } from '../../runtime/tensor.ts';
import { encodePadded, type FramedTokens, type PromptTokenizer } from '../../text/prompt-tokenizer.ts';
import type { Component, ModelFolder } from './model-folder.ts';

/** A CLIP or T5 text encoder with its tokenizer. */
export interface TextEncoder {
  readonly tokenizer: PromptTokenizer;
  /** Runs texts padded to `length` tokens (the tokenizer's own when absent); every output by its graph name. */
  run(texts: readonly string[], length?: number): Promise<TextOutputs>;
  /** Runs rows of ids of one length, without looking at text. */
  runIds(rows: readonly Int32Array[]): Promise<TextOutputs>;
}

export interface TextOutputs {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** 1 for tokens of the text, 0 for padding: [texts][length]. */
  readonly masks: readonly Int32Array[];
}

export async function openTextEncoder(
  folder: ModelFolder,
  names: { readonly encoder: string; readonly tokenizer: string },
): Promise<TextEncoder> {
  const component: Component = await folder.open(names.encoder);
  const tokenizer = await folder.tokenizer(names.tokenizer);
  const { session } = component;

  async function runFramed(rows: readonly FramedTokens[]): Promise<TextOutputs> {
    const shape = [rows.length, rows[0].ids.length];
    const feeds: Record<string, HostTensor> = {
      input_ids: int64Tensor(
        shape,
        rows.flatMap((row) => Array.from(row.ids)),
      ),
    };
    if (session.hasInput('attention_mask')) {
      feeds.attention_mask = int64Tensor(
        shape,
        rows.flatMap((row) => Array.from(row.mask)),
      );
    }
    return { tensors: await session.run(feeds), masks: rows.map((row) => row.mask) };
  }

  return {
    tokenizer,
    run: (texts, length = tokenizer.maxLength) =>
      runFramed(texts.map((text) => encodePadded(tokenizer, text, length))),
    runIds: (rows) => runFramed(rows.map((ids) => ({ ids, mask: new Int32Array(ids.length).fill(1) }))),
  };
}

/** Returns the states of the last layer. */
export function lastHiddenState(outputs: TextOutputs): HostTensor {
  return outputOf(outputs, ['last_hidden_state', 'hidden_state']);
}

/** Returns the states before the last layer, which SDXL and SD3 were trained on. */
export function penultimateHiddenState(outputs: TextOutputs): HostTensor {
  const layers = Object.keys(outputs.tensors)
    .filter((name) => /^hidden_states\.\d+$/.test(name))
    .toSorted((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1]));
  const name = layers.at(-2);
  if (name === undefined) {
    throw new Error('the text encoder was exported without its hidden states');
  }
  return outputs.tensors[name];
}

/** Returns the projected embedding of the whole text, or its pooled state where there is no projection. */
export function pooledText(outputs: TextOutputs): HostTensor {
  return outputOf(outputs, ['text_embeds', 'pooler_output']);
}

function outputOf(outputs: TextOutputs, names: readonly string[]): HostTensor {
  const name = names.find((candidate) => Object.hasOwn(outputs.tensors, candidate));
  if (name === undefined) {
    throw new Error(`the text encoder has none of the outputs ${names.join(', ')}`);
  }
  return outputs.tensors[name];
}
