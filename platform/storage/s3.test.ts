import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import S3rver from 's3rver';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../testing/postgres-setup.ts';
import { describeAssetStore } from './acceptance.ts';
import { hashBytes } from './port.ts';
import { createS3Store } from './s3.ts';

const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
let folder: string;
let server: S3rver;
let endpoint: string;
let client: S3Client;
let buckets = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gesso-s3-'));
  const port = await freePort();
  server = new S3rver({ port, address: '127.0.0.1', silent: true, directory: folder });
  await server.run();
  endpoint = `http://127.0.0.1:${port}`;
  client = new S3Client({ endpoint, region: 'us-east-1', credentials: keys, forcePathStyle: true });
});

afterAll(async () => {
  client.destroy();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describeAssetStore('an S3 bucket', async () => {
  buckets += 1;
  const bucket = `bucket-${buckets}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const store = createS3Store({ endpoint, region: 'us-east-1', bucket, ...keys });
  return {
    store,
    damage: async (hash) => {
      const bytes = await store.get(hash);
      bytes.writeUInt8(bytes.readUInt8(1234) ^ 1, 1234);
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `assets/${hash}`, Body: bytes }));
    },
  };
});

it('says unavailable when nobody answers', async () => {
  const lost = createS3Store({
    endpoint: `http://127.0.0.1:${await freePort()}`,
    region: 'us-east-1',
    bucket: 'none',
    ...keys,
  });
  const bytes = new Uint8Array([1]);
  await expect(lost.put(hashBytes(bytes), bytes)).rejects.toMatchObject({ code: 'unavailable' });
});
