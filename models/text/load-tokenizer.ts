import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { createClipTokenizer, parseMerges } from './clip-tokenizer.ts';
import { createPrecompiledNormaliser } from './precompiled-map.ts';
import type { PromptTokenizer } from './prompt-tokenizer.ts';
import { robertaToTokenizerJson } from './roberta-tokenizer.ts';
import { sentencePieceToTokenizerJson } from './sentencepiece.ts';

/** A special token is written as plain text or as an object with its text. */
const tokenSchema = z
  .union([z.string(), z.object({ content: z.string() }).transform((token) => token.content)])
  .optional()
  .catch(undefined);

const configSchema = z.object({
  tokenizer_class: z.string().optional(),
  model_max_length: z.number().optional(),
  bos_token: tokenSchema,
  eos_token: tokenSchema,
  pad_token: tokenSchema,
  unk_token: tokenSchema,
  mask_token: tokenSchema,
  add_prefix_space: z.boolean().optional(),
  extra_ids: z.number().int().min(0).max(1000).optional(),
});
type TokenizerConfig = z.infer<typeof configSchema>;

const vocabularySchema = z.record(z.string(), z.number().int().min(0));
const tokenizerJsonSchema = z.looseObject({
  model: z.looseObject({ type: z.string().optional() }),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
});

const precompiledSchema = z.object({ type: z.literal('Precompiled'), precompiled_charsmap: z.string() });
const sequenceSchema = z.object({ type: z.literal('Sequence'), normalizers: z.array(z.looseObject({})) });

/** Longer than any text encoder here; some configurations write 10^30 for "no limit". */
const LONGEST = 4096;

/** RoBERTa's own special tokens, where a configuration leaves them out. */
const ROBERTA_TOKENS = {
  bos_token: '<s>',
  eos_token: '</s>',
  pad_token: '<pad>',
  unk_token: '<unk>',
  mask_token: '<mask>',
};

/**
 * Loads the tokenizer of a folder: vocab.json with merges.txt (CLIP, or RoBERTa where the configuration says so), else tokenizer.json, else spiece.model (T5).
 *
 * A tokenizer/model.onnx beside them, as some exporters write, is not used. Throws with the file that is missing or wrong.
 */
export async function loadPromptTokenizer(folder: string): Promise<PromptTokenizer> {
  const config = {
    ...(await readConfig(join(folder, 'special_tokens_map.json'))),
    ...(await readConfig(join(folder, 'tokenizer_config.json'))),
  };
  const [vocabulary, merges] = await Promise.all([
    readIfThere(join(folder, 'vocab.json')),
    readIfThere(join(folder, 'merges.txt')),
  ]);
  if (vocabulary !== null && merges !== null) {
    const tokens = vocabularySchema.parse(JSON.parse(vocabulary.toString('utf8')));
    const pairs = parseMerges(merges.toString('utf8'));
    if (config.tokenizer_class?.startsWith('Roberta')) return createRoberta(tokens, pairs, config);
    const eosToken = config.eos_token ?? '<|endoftext|>';
    return createClipTokenizer({
      vocabulary: new Map(Object.entries(tokens)),
      merges: pairs,
      bosToken: config.bos_token ?? '<|startoftext|>',
      eosToken,
      padToken: config.pad_token ?? eosToken,
      unknownToken: config.unk_token ?? eosToken,
      maxLength: Math.min(config.model_max_length ?? 77, LONGEST),
    });
  }
  const json = await readIfThere(join(folder, 'tokenizer.json'));
  if (json !== null) {
    return createFromJson(tokenizerJsonSchema.parse(JSON.parse(json.toString('utf8'))), config);
  }
  const model = await readIfThere(join(folder, 'spiece.model'));
  if (model !== null) {
    return createFromJson(sentencePieceToTokenizerJson(model, config.extra_ids ?? 100), config);
  }
  throw new Error(
    `${folder} has no tokenizer: neither vocab.json with merges.txt, nor tokenizer.json, nor spiece.model`,
  );
}

function createRoberta(
  vocabulary: Readonly<Record<string, number>>,
  merges: readonly (readonly [string, string])[],
  stated: TokenizerConfig,
): PromptTokenizer {
  const { bos_token, eos_token, pad_token, unk_token, mask_token } = { ...ROBERTA_TOKENS, ...stated };
  const special = { bos_token, eos_token, pad_token, unk_token, mask_token };
  const specials = Object.values(special).filter((token) => token !== undefined);
  const addPrefixSpace = stated.add_prefix_space ?? false;
  return createFromJson(robertaToTokenizerJson({ vocabulary, merges, specials, addPrefixSpace }), {
    ...stated,
    ...special,
  });
}

function createFromJson(json: Record<string, unknown>, config: TokenizerConfig): PromptTokenizer {
  const { rest, normalise } = takePrecompiledMap(json);
  const tokenizer = new Tokenizer(rest, config);
  const eosId = tokenizer.token_to_id(config.eos_token ?? '</s>');
  if (eosId === undefined) {
    throw new RangeError(`the vocabulary has no ${config.eos_token ?? '</s>'}`);
  }
  return {
    bosId: config.bos_token === undefined ? null : (tokenizer.token_to_id(config.bos_token) ?? null),
    eosId,
    padId: tokenizer.token_to_id(config.pad_token ?? '<pad>') ?? 0,
    maxLength: Math.min(config.model_max_length ?? 512, LONGEST),
    tokenize: (text) => tokenizer.encode(normalise(text), { add_special_tokens: false }).ids,
  };
}

/**
 * Splits a leading precompiled character map off the normaliser. The tokenizer library replaces such a map by general
 * rules, which differ from it for some characters (a zero-width joiner, for one).
 */
function takePrecompiledMap(json: Record<string, unknown>): {
  readonly rest: Record<string, unknown>;
  readonly normalise: (text: string) => string;
} {
  const sequence = sequenceSchema.safeParse(json.normalizer);
  const [first, ...others] = sequence.success ? sequence.data.normalizers : [json.normalizer];
  const map = precompiledSchema.safeParse(first);
  if (!map.success) {
    return { rest: json, normalise: (text) => text };
  }
  const bytes = Buffer.from(map.data.precompiled_charsmap, 'base64');
  const normalizer = others.length === 0 ? null : { type: 'Sequence', normalizers: others };
  return { rest: { ...json, normalizer }, normalise: createPrecompiledNormaliser(bytes) };
}

async function readConfig(path: string): Promise<TokenizerConfig> {
  const bytes = await readIfThere(path);
  return bytes === null ? {} : configSchema.parse(JSON.parse(bytes.toString('utf8')));
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}
