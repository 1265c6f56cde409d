import { float32Tensor, floatData, type HostTensor } from '../../runtime/tensor.ts';
import { encodeWhole } from '../../text/prompt-tokenizer.ts';
import { concatAxis, repeatEach } from './batches.ts';
import { lastHiddenState, openTextEncoder, pooledText } from './clip-text.ts';
import type { Conditioning, Told } from './conditioning.ts';
import { type Component, configNumber, type ModelFolder } from './model-folder.ts';

export interface AudioPrompts {
  readonly prompt: string;
  readonly negativePrompt: string;
}

interface PromptParts {
  readonly folder: ModelFolder;
  readonly unet: Component;
  /** Waveforms to make of the prompt. */
  readonly count: number;
}

/**
 * Returns what AudioLDM 2's UNet is told (Liu et al. 2023, section 3.3 and diffusers' implementation): what GPT-2 writes after
 * both encoders' states, and the T5 states with their mask. The negative prompt is cut or padded to the length of the
 * prompt, which is not padded itself.
 */
export async function encodeAudioPrompts(
  { prompt, negativePrompt }: AudioPrompts,
  { folder, unet, count }: PromptParts,
): Promise<Conditioning> {
  const clap = await openTextEncoder(folder, { encoder: 'text_encoder', tokenizer: 'tokenizer' });
  const t5 = await openTextEncoder(folder, { encoder: 'text_encoder_2', tokenizer: 'tokenizer_2' });
  const projection = await folder.open('projection_model');
  const language = await folder.open('language_model');
  const length = Math.min(encodeWhole(t5.tokenizer, prompt).length, t5.tokenizer.maxLength);

  async function encode(text: string): Promise<Told> {
    const embedding = normalise(pooledText(await clap.run([text])));
    const outputs = await t5.run([text], length);
    const states = lastHiddenState(outputs);
    const mask = float32Tensor([1, length], Float32Array.from(outputs.masks[0]));
    const projected = await project(projection, { embedding, states, mask });
    const told: Record<string, HostTensor> = {
      encoder_hidden_states: await continueStates(language, projected),
      encoder_hidden_states_1: states,
    };
    if (unet.session.hasInput('encoder_attention_mask_1')) told.encoder_attention_mask_1 = mask;
    return Object.fromEntries(
      Object.entries(told).map(([name, tensor]) => [name, repeatEach(tensor, count)]),
    );
  }

  return { positive: await encode(prompt), negative: await encode(negativePrompt) };
}

/** CLAP's embedding [1, D] as one state [1, 1, D] of length one. Some exports normalise it and some do not. */
function normalise(embedding: HostTensor): HostTensor {
  const values = floatData(embedding);
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return float32Tensor(
    [1, 1, values.length],
    values.map((value) => value / Math.max(norm, 1e-12)),
  );
}

interface Sequence {
  /** [1, length, width]. */
  readonly states: HostTensor;
  /** [1, length]: 0 for padding. */
  readonly mask: HostTensor;
}

/** Both encoders' states in the language model's width: start, CLAP, end, start, T5, end. */
async function project(
  { session }: Component,
  told: { readonly embedding: HostTensor; readonly states: HostTensor; readonly mask: HostTensor },
): Promise<Sequence> {
  const one = float32Tensor([1, 1], Float32Array.of(1));
  const feeds: Record<string, HostTensor> = { hidden_states: told.embedding, hidden_states_1: told.states };
  if (session.hasInput('attention_mask')) feeds.attention_mask = one;
  if (session.hasInput('attention_mask_1')) feeds.attention_mask_1 = told.mask;
  const outputs = Object.values(await session.run(feeds));
  const states = outputs.find(({ shape }) => shape.length === 3);
  if (states === undefined) throw new Error('the projection model gives no states [1, length, width]');
  return { states, mask: concatAxis([one, one, one, one, told.mask, one], 1) };
}

/** Has the language model add states one by one, each the last state of a run, and returns the new ones. */
async function continueStates(
  { session, config }: Component,
  { states, mask }: Sequence,
): Promise<HostTensor> {
  const count = configNumber(config, 'max_new_tokens', 8);
  const one = float32Tensor([1, 1], Float32Array.of(1));
  const written: HostTensor[] = [];
  for (let i = 0; i < count; i += 1) {
    const sequence = concatAxis([states, ...written], 1);
    const [, length, width] = sequence.shape;
    const feeds: Record<string, HostTensor> = { inputs_embeds: sequence };
    if (session.hasInput('attention_mask')) {
      feeds.attention_mask = concatAxis([mask, ...written.map(() => one)], 1);
    }
    if (session.hasInput('position_ids')) {
      feeds.position_ids = float32Tensor(
        [1, length],
        Float32Array.from({ length }, (_, at) => at),
      );
    }
    const out = floatData(await session.runForOutput(feeds, 'last_hidden_state'));
    written.push(float32Tensor([1, 1, width], out.slice((length - 1) * width, length * width)));
  }
  return concatAxis(written, 1);
}
