import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { type ContentHash, contentHashSchema } from '../../shared/document/schema.ts';
import { AppError } from '../errors.ts';
import { type AssetStore, hashBytes } from './port.ts';
import { changedBytes, missingFile, wrongHash } from './problems.ts';

export interface S3Options {
  /** Address of an S3-compatible server; Amazon's own when absent. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const prefix = 'assets/';

/** A store in a bucket, under `assets/`. An object appears whole or not at all: that is S3's own promise. */
export function createS3Store(options: S3Options): AssetStore {
  const { bucket: Bucket } = options;
  const client = new S3Client({
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    region: options.region,
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    // Servers of one's own seldom have a name per bucket.
    forcePathStyle: options.endpoint !== undefined,
    maxAttempts: 4,
    // Newer default checksums are unknown to many compatible servers; the hash in the name is the checksum.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

  function keyOf(hash: ContentHash): string {
    return prefix + contentHashSchema.parse(hash);
  }

  async function has(hash: ContentHash): Promise<boolean> {
    try {
      await client.send(new HeadObjectCommand({ Bucket, Key: keyOf(hash) }));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw storeProblem(error);
    }
  }

  return {
    has,
    async put(hash, bytes) {
      if (hashBytes(bytes) !== hash) throw wrongHash(hash);
      // Also when it is there already: the newer date keeps a sweep under way from taking it.
      try {
        await client.send(new PutObjectCommand({ Bucket, Key: keyOf(hash), Body: bytes }));
      } catch (error) {
        throw storeProblem(error);
      }
    },
    async get(hash) {
      let bytes: Buffer;
      try {
        const answer = await client.send(new GetObjectCommand({ Bucket, Key: keyOf(hash) }));
        bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
      } catch (error) {
        throw isMissing(error) ? missingFile(hash) : storeProblem(error);
      }
      if (hashBytes(bytes) !== hash) throw changedBytes(hash);
      return bytes;
    },
    async remove(hash) {
      try {
        await client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(hash) }));
      } catch (error) {
        if (!isMissing(error)) throw storeProblem(error);
      }
    },
    async *list() {
      let ContinuationToken: string | undefined;
      do {
        const page = await client
          .send(new ListObjectsV2Command({ Bucket, Prefix: prefix, ContinuationToken }))
          .catch((error: unknown) => {
            throw storeProblem(error);
          });
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          const hash = contentHashSchema.safeParse(Key?.slice(prefix.length));
          if (hash.success)
            yield { hash: hash.data, bytes: Size ?? 0, storedAt: LastModified ?? new Date(0) };
        }
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;
}

function storeProblem(error: unknown): AppError {
  const full =
    error instanceof S3ServiceException &&
    (error.$metadata.httpStatusCode === 507 || /^(QuotaExceeded|XMinioStorageFull)$/.test(error.name));
  if (full) {
    return new AppError('out_of_space', 'The asset store is full, so nothing was saved.', {
      fix: 'Free some space in the S3 bucket, then try again.',
      cause: error,
    });
  }
  return new AppError('unavailable', 'The asset store does not answer.', {
    fix: 'Try again in a moment; whoever runs this Gesso should check the S3_ settings.',
    cause: error,
  });
}
