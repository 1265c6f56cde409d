/**
 * SentencePiece's precompiled character map: a double-array trie over UTF-8 bytes (Yata's darts-clone layout) that points
 * into a list of replacement strings. T5's normalisation (nmt_nfkc) is stored this way.
 */

const HAS_LEAF = 1 << 8;
const LABEL_MASK = 0x8000_00ff;

/** Longer clusters are looked up character by character only, as the reference implementation does. */
const MAX_CLUSTER_BYTES = 6;

/**
 * Returns a function that applies the map to a text: each grapheme cluster of fewer than six bytes as a whole where the
 * map knows a prefix of it, otherwise each of its characters.
 *
 * `map`: the bytes of `precompiled_charsmap`: a little-endian length, the trie, then NUL-terminated strings.
 * Throws RangeError when the length does not fit.
 */
export function createPrecompiledNormaliser(map: Uint8Array): (text: string) => string {
  const view = new DataView(map.buffer, map.byteOffset, map.byteLength);
  const trieBytes = map.length >= 4 ? view.getUint32(0, true) : 0;
  if (trieBytes === 0 || trieBytes % 4 !== 0 || trieBytes + 4 > map.length) {
    throw new RangeError(`the character map of ${map.length} bytes claims a trie of ${trieBytes}`);
  }
  const trie = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const strings = map.subarray(4 + trieBytes);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

  function replace(bytes: Uint8Array): string | null {
    const at = findShortestPrefix(trie, bytes);
    if (at === null) {
      return null;
    }
    const end = strings.indexOf(0, at);
    return decoder.decode(strings.subarray(at, end < 0 ? strings.length : end));
  }

  return (text) => {
    let out = '';
    for (const { segment } of segmenter.segment(text)) {
      const bytes = encoder.encode(segment);
      const whole = bytes.length < MAX_CLUSTER_BYTES ? replace(bytes) : null;
      if (whole !== null) {
        out += whole;
        continue;
      }
      for (const character of segment) {
        out += replace(encoder.encode(character)) ?? character;
      }
    }
    return out;
  };
}

/** Returns the value of the shortest key that `bytes` starts with, or null. */
function findShortestPrefix(trie: Uint32Array, bytes: Uint8Array): number | null {
  let position = offsetOf(trie[0]);
  for (const byte of bytes) {
    position ^= byte;
    const unit = trie[position];
    if (byte === 0 || unit === undefined || (unit & LABEL_MASK) >>> 0 !== byte) {
      return null;
    }
    position ^= offsetOf(unit);
    if ((unit & HAS_LEAF) !== 0) {
      return trie[position] & 0x7fff_ffff;
    }
  }
  return null;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}
