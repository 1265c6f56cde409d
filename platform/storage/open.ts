import { join } from 'node:path';
import type { Env } from '../env.ts';
import { AppError } from '../errors.ts';
import { createDiskStore } from './disk.ts';
import type { AssetStore } from './port.ts';
import { createS3Store } from './s3.ts';

/**
 * The asset store that the environment names: the S3 bucket when S3_BUCKET is set, else the folder GESSO_HOME/assets.
 * Errors: `bad_input` when S3_BUCKET is set without its keys.
 */
export function openAssetStore(env: Env): AssetStore {
  const { S3_BUCKET, S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = env;
  if (S3_BUCKET === undefined) return createDiskStore(join(env.GESSO_HOME, 'assets'));
  if (S3_ACCESS_KEY_ID === undefined || S3_SECRET_ACCESS_KEY === undefined) {
    throw new AppError('bad_input', 'S3_BUCKET is set, but its keys are not.', {
      fix: 'Set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY as well.',
    });
  }
  return createS3Store({
    endpoint: S3_ENDPOINT,
    region: S3_REGION,
    bucket: S3_BUCKET,
    accessKeyId: S3_ACCESS_KEY_ID,
    secretAccessKey: S3_SECRET_ACCESS_KEY,
  });
}
