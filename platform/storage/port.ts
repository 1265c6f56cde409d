import { createHash } from 'node:crypto';
import { type ContentHash, contentHashSchema } from '../../shared/document/schema.ts';

export interface StoredFile {
  readonly hash: ContentHash;
  /** Length in bytes. */
  readonly bytes: number;
  /** When the store took it, by the store's own clock. */
  readonly storedAt: Date;
}

/**
 * A store of files by the SHA-256 of their bytes. It knows no teams: who may read what is decided before it is asked.
 * `acceptance.ts` says how every implementation behaves.
 */
export interface AssetStore {
  /**
   * Keeps `bytes` under their own hash; durable when it resolves. Storing what is already there changes nothing.
   * Errors: `bad_input` when `hash` is not the hash of `bytes`; `out_of_space`, with nothing half-written.
   */
  put(hash: ContentHash, bytes: Uint8Array): Promise<void>;
  /** The bytes, checked against their hash. Errors: `not_found`; `internal` when the stored bytes have changed. */
  get(hash: ContentHash): Promise<Buffer>;
  has(hash: ContentHash): Promise<boolean>;
  /** Forgets a file. Removing what is not there is no error. */
  remove(hash: ContentHash): Promise<void>;
  /** Every stored file, in no order; the sweeper compares it with the rows. */
  list(): AsyncIterable<StoredFile>;
}

/** SHA-256 of `bytes`: the name under which a store keeps them. */
export function hashBytes(bytes: Uint8Array): ContentHash {
  return contentHashSchema.parse(createHash('sha256').update(bytes).digest('hex'));
}
