import { readFields } from '../runtime/protobuf.ts';

/** Kinds of piece in sentencepiece_model.proto. */
const CONTROL = 3;
const UNKNOWN = 2;

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly kind: number;
}

/**
 * Turns a spiece.model file (Kudo and Richardson 2018, Unigram) into the tokenizer.json that says the same, so that one
 * implementation serves both. `extraIds`: T5's sentinel tokens, which the model file does not hold; they come last.
 *
 * Throws RangeError when the file holds no pieces.
 */
export function sentencePieceToTokenizerJson(bytes: Uint8Array, extraIds: number): Record<string, unknown> {
  const pieces: Piece[] = [];
  let charsMap: Uint8Array | null = null;
  for (const { field, value } of readFields(bytes)) {
    if (typeof value === 'number') {
      continue;
    }
    if (field === 1) {
      pieces.push(readPiece(value));
    } else if (field === 3) {
      charsMap = readCharsMap(value);
    }
  }
  if (pieces.length === 0) {
    throw new RangeError('the file is not a sentencepiece model: it holds no pieces');
  }
  const sentinels = Array.from({ length: extraIds }, (_, i) => ({
    text: `<extra_id_${extraIds - 1 - i}>`,
    score: 0,
    kind: CONTROL,
  }));
  const all = [...pieces, ...sentinels];
  const spaces = { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' };
  const hasMap = charsMap !== null && charsMap.length > 0;
  const precompiled = hasMap
    ? [{ type: 'Precompiled', precompiled_charsmap: Buffer.from(charsMap ?? []).toString('base64') }]
    : [];
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
  return {
    version: '1.0',
    added_tokens: all.flatMap((piece, id) =>
      piece.kind === CONTROL || piece.kind === UNKNOWN
        ? [
            {
              id,
              content: piece.text,
              special: true,
              normalized: false,
              single_word: false,
              lstrip: false,
              rstrip: false,
            },
          ]
        : [],
    ),
    normalizer: {
      type: 'Sequence',
      normalizers: [...precompiled, { type: 'Strip', strip_left: false, strip_right: true }, spaces],
    },
    pre_tokenizer: metaspace,
    post_processor: null,
    decoder: metaspace,
    model: {
      type: 'Unigram',
      unk_id: Math.max(
        pieces.findIndex((piece) => piece.kind === UNKNOWN),
        0,
      ),
      vocab: all.map((piece) => [piece.text, piece.score]),
      byte_fallback: false,
    },
  };
}

function readPiece(bytes: Uint8Array): Piece {
  let text = '';
  let score = 0;
  let kind = 1;
  for (const { field, value } of readFields(bytes)) {
    if (field === 1 && typeof value !== 'number') {
      text = new TextDecoder().decode(value);
    } else if (field === 2 && typeof value !== 'number') {
      score = new DataView(value.buffer, value.byteOffset, 4).getFloat32(0, true);
    } else if (field === 3 && typeof value === 'number') {
      kind = value;
    }
  }
  return { text, score, kind };
}

function readCharsMap(normalizerSpec: Uint8Array): Uint8Array | null {
  for (const { field, value } of readFields(normalizerSpec)) {
    if (field === 2 && typeof value !== 'number') {
      return value;
    }
  }
  return null;
}
