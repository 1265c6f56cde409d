/** What a RoBERTa tokenizer is made of, as its folder states it. */
export interface RobertaFiles {
  /** vocab.json: token to id. */
  readonly vocabulary: Readonly<Record<string, number>>;
  /** merges.txt: pairs in order of rank. */
  readonly merges: readonly (readonly [string, string])[];
  /** Tokens that are found inside a text too. */
  readonly specials: readonly string[];
  readonly addPrefixSpace: boolean;
}

/**
 * Returns the tokenizer.json of a RoBERTa tokenizer (Liu et al. 2019; GPT-2's byte-level byte-pair encoding, Radford et al.
 * 2019): words keep their leading space and their case, and nothing is normalised.
 */
export function robertaToTokenizerJson(files: RobertaFiles): Record<string, unknown> {
  const { vocabulary, merges } = files;
  const specials = files.specials.filter((token) => Object.hasOwn(vocabulary, token));
  return {
    version: '1.0',
    added_tokens: specials.map((content) => ({
      id: vocabulary[content],
      content,
      single_word: false,
      // The mask stands for a word with its space.
      lstrip: content === '<mask>',
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: files.addPrefixSpace,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabulary,
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}
