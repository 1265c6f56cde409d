import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PackError } from './pack-error.ts';

/** A regular file found in a folder that somebody wants to add. */
export interface FoundFile {
  /** Path inside the folder, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
}

const MAX_FILES = 5000;
const MAX_DEPTH = 8;
/** Larger than any tokenizer or configuration of a real model. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;
/** The safetensors format's own limit for its header. */
const MAX_TENSOR_HEADER = 100_000_000;
const HEAD_BYTES = 4096;

/**
 * Lists a folder that nobody vouches for, and refuses it when it holds something that should never be opened: links,
 * devices, pickles under any name, headers that claim more than the file holds.
 *
 * Only the first bytes of each file are looked at; no loader opens anything. Throws PackError `unsafe` or `not-found`.
 */
export async function inspectFolder(folder: string): Promise<readonly FoundFile[]> {
  const info = await lstat(folder).catch(() => null);
  if (info === null) {
    throw new PackError('not-found', `There is no folder ${folder}.`);
  }
  if (!info.isDirectory()) {
    throw new PackError('unsafe', `${folder} is ${info.isSymbolicLink() ? 'a link' : 'not a folder'}.`);
  }
  const files: FoundFile[] = [];
  await walk(folder, '', 0, files);
  for (const file of files) {
    await inspectFile(folder, file);
  }
  return files;
}

async function walk(root: string, prefix: string, depth: number, files: FoundFile[]): Promise<void> {
  if (depth > MAX_DEPTH) {
    throw new PackError('unsafe', `${prefix} is more than ${MAX_DEPTH} folders deep.`);
  }
  for (const name of (await readdir(join(root, prefix))).toSorted()) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    if (depth === 0 && name === '.git') {
      continue;
    }
    const info = await lstat(join(root, path));
    if (info.isSymbolicLink()) {
      throw new PackError(
        'unsafe',
        `${path} is a link. Copy the file it points to in its place, then add the folder again.`,
      );
    }
    if (info.isDirectory()) {
      await walk(root, path, depth + 1, files);
    } else if (info.isFile()) {
      files.push({ path, bytes: info.size });
      if (files.length > MAX_FILES) {
        throw new PackError('unsafe', `The folder holds more than ${MAX_FILES} files; it is not one model.`);
      }
    } else {
      throw new PackError('unsafe', `${path} is neither a file nor a folder.`);
    }
  }
}

async function inspectFile(root: string, file: FoundFile): Promise<void> {
  const handle = await open(join(root, file.path), 'r');
  try {
    const head = new Uint8Array(Math.min(HEAD_BYTES, file.bytes));
    await handle.read(head, 0, head.length, 0);
    if (isPickle(head) || isPickleArchive(head)) {
      throw new PackError(
        'unsafe',
        `${file.path} is a pickle, which can run code when it is opened. Export the model to ONNX without it.`,
      );
    }
    if (file.path.endsWith('.safetensors')) {
      checkTensorHeader(head, file);
    }
    if (file.path.endsWith('.json') && file.bytes > MAX_JSON_BYTES) {
      throw new PackError(
        'unsafe',
        `${file.path} is ${file.bytes} bytes, which is too large for a configuration.`,
      );
    }
  } finally {
    await handle.close();
  }
}

/** Opcodes that follow the protocol number in practice: FRAME, containers, MARK, GLOBAL, strings and numbers. */
const PICKLE_OPENERS = '\x95}])(cX\x8cqKJM\x8aNUC\x8b';

/**
 * A pickle of protocol 2 and up starts with PROTO (0x80), its number and an opcode; older ones are recognised by an opcode
 * that imports a name (`c module \n name \n`) near the start. Raw weights start like this once in 10^5 files at most.
 */
function isPickle(head: Uint8Array): boolean {
  if (head.length >= 3 && head[0] === 0x80 && head[1] >= 2 && head[1] <= 5) {
    return PICKLE_OPENERS.includes(String.fromCharCode(head[2]));
  }
  const text = new TextDecoder('latin1').decode(head.subarray(0, 512));
  return /^\(?[(\]}d]*c(?:__builtin__|builtins|os|posix|nt|sys|subprocess|torch[\w.]*|collections|numpy[\w.]*|copy_?reg)\n[\w.]+\n/.test(
    text,
  );
}

/** torch.save writes a ZIP archive whose first entries are named …/data.pkl. */
function isPickleArchive(head: Uint8Array): boolean {
  const isZip = head.length >= 4 && head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
  return isZip && new TextDecoder('latin1').decode(head).includes('.pkl');
}

/** A safetensors file starts with the length of its JSON header, 64 bits, little endian. */
function checkTensorHeader(head: Uint8Array, file: FoundFile): void {
  const length =
    head.length >= 8 ? new DataView(head.buffer, head.byteOffset).getBigUint64(0, true) : BigInt(-1);
  if (length < 2n || length > BigInt(MAX_TENSOR_HEADER) || length + 8n > BigInt(file.bytes)) {
    throw new PackError(
      'unsafe',
      `${file.path} claims a header of ${length} bytes in a file of ${file.bytes}.`,
    );
  }
}
