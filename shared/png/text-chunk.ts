/**
 * Text chunks in PNG files (PNG specification, third edition, sections 5.3 chunk layout, 11.3.3 textual information and
 * annex D for the CRC). Pure bytes: runs in the browser, in the server and on the command line.
 */

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const CRC_TABLE = createCrcTable();

interface Chunk {
  readonly type: string;
  /** Offset of the length field. */
  readonly start: number;
  /** Offset of the first byte after the CRC. */
  readonly end: number;
  readonly data: Uint8Array;
}

/** Thrown when bytes are not a well-formed PNG file. */
export class PngFormatError extends Error {
  override readonly name = 'PngFormatError';
}

/**
 * Returns a copy of a PNG file with `text` under `keyword` in an uncompressed international text chunk (iTXt, UTF-8),
 * placed directly after the header. A text chunk with the same keyword is replaced.
 *
 * `keyword`: 1 to 79 printable Latin-1 characters. Throws PngFormatError for a file that is not a PNG and RangeError for
 * a keyword out of bounds.
 */
export function writePngText(png: Uint8Array, keyword: string, text: string): Uint8Array {
  if (!/^[!-~¡-ÿ](?:[ -~¡-ÿ]{0,77}[!-~¡-ÿ])?$/.test(keyword)) {
    throw new RangeError('a PNG keyword has 1 to 79 printable Latin-1 characters without spaces around it');
  }
  const chunks = readChunks(png);
  const body = encodeInternationalText(keyword, text);
  const kept = chunks.filter((chunk) => readTextChunk(chunk)?.keyword !== keyword);
  const size = kept.reduce(
    (total, chunk) => total + chunk.end - chunk.start,
    SIGNATURE.length + 12 + body.length,
  );
  const out = new Uint8Array(size);
  out.set(SIGNATURE, 0);
  let offset = SIGNATURE.length;
  for (const chunk of kept) {
    out.set(png.subarray(chunk.start, chunk.end), offset);
    offset += chunk.end - chunk.start;
    if (chunk.type === 'IHDR') {
      offset = writeChunk(out, offset, { type: 'iTXt', data: body });
    }
  }
  return out;
}

/**
 * Returns the text stored under `keyword` in a PNG file (tEXt or uncompressed iTXt), or null when there is none.
 *
 * Throws PngFormatError for a file that is not a PNG, is cut short, or has a text chunk with a wrong CRC.
 */
export function readPngText(png: Uint8Array, keyword: string): string | null {
  for (const chunk of readChunks(png)) {
    const entry = readTextChunk(chunk);
    if (entry?.keyword === keyword) {
      const stored = new DataView(png.buffer, png.byteOffset, png.byteLength).getUint32(chunk.end - 4);
      if (crc32(png.subarray(chunk.start + 4, chunk.end - 4)) !== stored) {
        throw new PngFormatError(`the text chunk '${keyword}' is damaged: its checksum does not match`);
      }
      return entry.text;
    }
  }
  return null;
}

function readChunks(png: Uint8Array): readonly Chunk[] {
  if (png.length < SIGNATURE.length || SIGNATURE.some((byte, index) => png[index] !== byte)) {
    throw new PngFormatError('not a PNG file: the signature is missing');
  }
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: Chunk[] = [];
  let start = SIGNATURE.length;
  while (start < png.length) {
    if (start + 12 > png.length) {
      throw new PngFormatError(`the PNG file is cut short at byte ${start}`);
    }
    const length = view.getUint32(start);
    const end = start + 12 + length;
    if (end > png.length) {
      throw new PngFormatError(`the PNG file is cut short: a chunk at byte ${start} claims ${length} bytes`);
    }
    const type = String.fromCharCode(...png.subarray(start + 4, start + 8));
    if (chunks.length === 0 && type !== 'IHDR') {
      throw new PngFormatError(`the first chunk of a PNG file is IHDR, not ${JSON.stringify(type)}`);
    }
    chunks.push({ type, start, end, data: png.subarray(start + 8, end - 4) });
    if (type === 'IEND') {
      return chunks;
    }
    start = end;
  }
  throw new PngFormatError('the PNG file is cut short: IEND is missing');
}

function readTextChunk(chunk: Chunk): { readonly keyword: string; readonly text: string } | null {
  if (chunk.type !== 'tEXt' && chunk.type !== 'iTXt') {
    return null;
  }
  const split = chunk.data.indexOf(0);
  if (split < 1) {
    return null;
  }
  const keyword = decodeLatin1(chunk.data.subarray(0, split));
  if (chunk.type === 'tEXt') {
    return { keyword, text: decodeLatin1(chunk.data.subarray(split + 1)) };
  }
  const compressed = chunk.data[split + 1] !== 0;
  const languageEnd = chunk.data.indexOf(0, split + 3);
  const translatedEnd = languageEnd < 0 ? -1 : chunk.data.indexOf(0, languageEnd + 1);
  if (compressed || translatedEnd < 0) {
    return null;
  }
  return { keyword, text: new TextDecoder().decode(chunk.data.subarray(translatedEnd + 1)) };
}

/** iTXt data: keyword, NUL, compression flag 0, method 0, empty language tag, NUL, empty translation, NUL, UTF-8 text. */
function encodeInternationalText(keyword: string, text: string): Uint8Array {
  const encoded = new TextEncoder().encode(text);
  const data = new Uint8Array(keyword.length + 5 + encoded.length);
  for (let i = 0; i < keyword.length; i += 1) {
    data[i] = keyword.charCodeAt(i);
  }
  data.set(encoded, keyword.length + 5);
  return data;
}

function writeChunk(
  out: Uint8Array,
  offset: number,
  chunk: { readonly type: string; readonly data: Uint8Array },
): number {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const end = offset + 12 + chunk.data.length;
  view.setUint32(offset, chunk.data.length);
  for (let i = 0; i < 4; i += 1) {
    out[offset + 4 + i] = chunk.type.charCodeAt(i);
  }
  out.set(chunk.data, offset + 8);
  view.setUint32(end - 4, crc32(out.subarray(offset + 4, end - 4)));
  return end;
}

function decodeLatin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return text;
}

/** CRC-32 with the polynomial 0xEDB88320 (reflected), over chunk type and data. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

function createCrcTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n += 1) {
    let c = n;
    for (let k = 0; k < 8; k += 1) {
      c = (c & 1) === 1 ? 0xedb8_8320 ^ (c >>> 1) : c >>> 1;
    }
    table[n] = c;
  }
  return table;
}
