import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Clock } from '../../../platform/clock.ts';
import { hashBytes } from '../../../platform/storage/port.ts';
import { contentHashSchema } from '../../../shared/document/schema.ts';
import { openTestWeb, testOrigin, type TestPerson, type TestWeb } from '../../testing/web-services.ts';
import { buildWorld, type Cast, type World } from '../../testing/world.ts';
import { uploadLimits } from './decode.ts';
import { handleAssetRead, handleUpload } from './http.ts';
import { sweepAssets } from './service.ts';

let web: TestWeb;
let cast: Cast & { readonly stranger: TestPerson };
let world: World;
let now = new Date();
const clock: Clock = { now: () => now };

beforeAll(async () => {
  web = await openTestWeb(clock);
  cast = {
    viewer: await web.signUp('Viewer'),
    editor: await web.signUp('Editor'),
    owner: await web.signUp('Owner'),
    extra: await web.signUp('Extra'),
    stranger: await web.signUp('Stranger'),
  };
  world = await buildWorld(web.services, cast);
});

afterAll(() => web.close());

const answerSchema = z.object({
  hash: contentHashSchema,
  mediaType: z.string(),
  width: z.number(),
  height: z.number(),
  url: z.string(),
});

interface UploadOptions {
  readonly userId?: string | null;
  readonly origin?: string;
  readonly kind?: string;
  readonly canvasId?: string;
  readonly name?: string;
}

function upload(file: Uint8Array<ArrayBuffer>, options: UploadOptions = {}): Promise<Response> {
  const form = new FormData();
  form.set('canvasId', options.canvasId ?? world.canvasId);
  if (options.kind !== undefined) form.set('kind', options.kind);
  form.set('file', new Blob([file], { type: 'image/png' }), options.name ?? 'picture.png');
  const request = new Request(`${testOrigin}/api/assets`, {
    method: 'POST',
    headers: { Origin: options.origin ?? testOrigin },
    body: form,
  });
  const userId = options.userId === undefined ? cast.editor.userId : options.userId;
  return handleUpload(web.services, request, { userId, origins: [testOrigin] });
}

function open(path: string): Promise<Response> {
  const [, , , organizationId = '', hash = ''] = new URL(path, testOrigin).pathname.split('/');
  const request = new Request(new URL(path, testOrigin));
  return handleAssetRead(web.services, request, { organizationId, hash: decodeURIComponent(hash) });
}

async function stored(file: Uint8Array<ArrayBuffer>, options: UploadOptions = {}) {
  const response = await upload(file, options);
  expect(response.status).toBe(200);
  return answerSchema.parse(await response.json());
}

function plain(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** A picture in which every pixel differs from its neighbours. */
async function picture(width: number, height: number): Promise<Sharp> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 97) & 255);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function png(width = 32, height = 24): Promise<Uint8Array<ArrayBuffer>> {
  return plain(await (await picture(width, height)).png().toBuffer());
}

describe('a good upload', () => {
  it('comes back pixel for pixel, under its own hash, with headers that leave it inert', async () => {
    const file = await png();
    const asset = await stored(file);
    expect(asset).toMatchObject({ mediaType: 'image/png', width: 32, height: 24 });
    const response = await open(asset.url);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(hashBytes(bytes)).toBe(asset.hash);
    expect(await pixels(bytes)).toEqual(await pixels(file));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      'content-disposition': expect.stringMatching(/^inline; filename="gesso-[0-9a-f]{12}\.png"$/),
      'cache-control': 'private, max-age=31536000, immutable',
    });
  });

  it('is stored once for the same pixels, whoever sends them', async () => {
    const file = await png(40, 40);
    const one = await stored(file);
    const two = await stored(file, { userId: cast.owner.userId });
    expect(two.hash).toBe(one.hash);
    const rows = await web.services.database.asset.findMany({ where: { hash: one.hash } });
    expect(rows.length).toBe(1);
  });

  it('loses what it carried beside its pixels', async () => {
    const secret = 'GPS 52.5200 N 13.4050 E';
    const file = plain(
      await (await picture(16, 16))
        .withExif({ IFD0: { ImageDescription: secret, Copyright: secret } })
        .jpeg()
        .toBuffer(),
    );
    expect(Buffer.from(file).includes(secret)).toBe(true);
    const asset = await stored(file);
    const bytes = Buffer.from(await (await open(asset.url)).arrayBuffer());
    expect(bytes.includes(secret)).toBe(false);
    expect((await sharp(bytes).metadata()).exif).toBeUndefined();
  });

  it('stands upright, whichever way the camera was held', async () => {
    const file = plain(
      await (await picture(40, 20)).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer(),
    );
    expect(await stored(file)).toMatchObject({ width: 20, height: 40 });
  });

  it('has a thumbnail of at most 256 pixels a side', async () => {
    const asset = await stored(await png(600, 300));
    const url = web.services.assetLinks.sign({
      organizationId: world.organizationId,
      hash: asset.hash,
      variant: 'thumbnail',
    });
    const response = await open(url);
    expect(response.headers.get('content-type')).toBe('image/webp');
    const meta = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    expect([meta.width, meta.height]).toEqual([256, 128]);
  });

  it('keeps every grey value of a mask tile, and only takes tiles of the right size', async () => {
    const grey = Uint8Array.from({ length: 256 * 256 }, (_, index) => (index * 7 + (index >> 8)) & 255);
    const rgba = new Uint8Array(256 * 256 * 4);
    grey.forEach((value, index) => rgba.set([value, value, value, 255], index * 4));
    const tile = plain(
      await sharp(rgba, { raw: { width: 256, height: 256, channels: 4 } })
        .png()
        .toBuffer(),
    );
    const asset = await stored(tile, { kind: 'mask-tile' });
    const bytes = Buffer.from(await (await open(asset.url)).arrayBuffer());
    // Colour type 0 in the header: grey, one channel.
    expect(bytes[25]).toBe(0);
    const data = await sharp(bytes).extractChannel(0).raw().toBuffer();
    expect(Buffer.compare(data, Buffer.from(grey))).toBe(0);
    expect((await upload(await png(255, 256), { kind: 'mask-tile' })).status).toBe(400);
  });
});

describe('who may upload', () => {
  it('is an editor of the canvas’s team, on a page of our own', async () => {
    const file = await png();
    expect((await upload(file, { userId: null })).status).toBe(401);
    expect((await upload(file, { userId: cast.viewer.userId })).status).toBe(403);
    expect((await upload(file, { userId: cast.stranger.userId })).status).toBe(404);
    expect((await upload(file, { canvasId: 'no-such-canvas' })).status).toBe(404);
    expect((await upload(file, { canvasId: '../../etc' })).status).toBe(400);
    expect((await upload(file, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await upload(file, { kind: 'program' })).status).toBe(400);
  });
});

describe('a hostile upload', () => {
  it('is refused, says why, and leaves nothing behind', async () => {
    const before = (await Array.fromAsync(web.services.storage.list())).length;
    for (const [name, file, code] of await hostileFiles()) {
      const response = await upload(file, { name });
      const answer = z
        .object({ error: z.object({ code: z.string(), message: z.string(), fix: z.string().nullable() }) })
        .parse(await response.json());
      expect(answer.error.code, name).toBe(code);
      expect(answer.error.message.length, name).toBeGreaterThan(10);
      expect(answer.error.message, name).not.toMatch(/vips|sharp|node_modules/i);
    }
    expect((await Array.fromAsync(web.services.storage.list())).length).toBe(before);
  });

  it('that is two things at once comes out as a picture alone', async () => {
    const script = '<script>alert(document.cookie)</script>';
    const zip = 'PK\u0003\u0004evil.exe';
    const file = Buffer.concat([await png(), Buffer.from(script + zip, 'latin1')]);
    const asset = await stored(plain(file), { name: 'x.html' });
    const bytes = Buffer.from(await (await open(asset.url)).arrayBuffer());
    expect(bytes.includes('<script>')).toBe(false);
    expect(bytes.includes('PK\u0003\u0004')).toBe(false);
  });

  it('that is larger than it says, or says nothing, is stopped while it arrives', async () => {
    const chunk = new Uint8Array(1024 * 1024);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.length;
        controller.enqueue(chunk);
      },
    });
    const init: RequestInit & { readonly duplex: 'half' } = {
      duplex: 'half',
      method: 'POST',
      headers: {
        Origin: testOrigin,
        'Content-Type': 'multipart/form-data; boundary=x',
        'Content-Length': '10',
      },
      body: endless,
    };
    const request = new Request(`${testOrigin}/api/assets`, init);
    const response = await handleUpload(web.services, request, {
      userId: cast.editor.userId,
      origins: [testOrigin],
    });
    expect(response.status).toBe(413);
    expect(sent).toBeLessThan(uploadLimits.bytes + 8 * chunk.length);
  });
});

describe('a signed link', () => {
  it('works until it expires, and no longer', async () => {
    const asset = await stored(await png(48, 48));
    const signedAt = now;
    expect((await open(asset.url)).status).toBe(200);
    now = new Date(signedAt.getTime() + 4.9 * 60_000);
    expect((await open(asset.url)).status).toBe(200);
    now = new Date(signedAt.getTime() + 10.1 * 60_000);
    expect((await open(asset.url)).status).toBe(404);
    now = signedAt;
  });

  it('is worth nothing with any character changed', async () => {
    const asset = await stored(await png(50, 50));
    const other = await stored(await png(51, 51));
    let tried = 0;
    for (let at = '/api/assets/'.length; at < asset.url.length; at += 1) {
      for (const replacement of ['0', 'A', '_', '/']) {
        if (asset.url[at] === replacement) continue;
        const forged = asset.url.slice(0, at) + replacement + asset.url.slice(at + 1);
        const response = await open(forged);
        expect(response.status, forged).toBe(404);
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(500);
    const query = asset.url.slice(asset.url.indexOf('?'));
    const swaps = [
      `/api/assets/${world.organizationId}/${other.hash}${query}`,
      asset.url.replace('variant=original', 'variant=thumbnail'),
      asset.url.replace(/expires=\d+/, 'expires=9999999999999'),
      asset.url.replace(/mac=.*/, 'mac='),
      asset.url.replace(/&mac=.*/, ''),
      asset.url.replace(/&expires=\d+/, ''),
      `${asset.url}=`,
    ];
    for (const forged of swaps) expect((await open(forged)).status, forged).toBe(404);
  });

  it('names files by their hash alone: nothing else is a path', async () => {
    const traversals = [
      '../../../../etc/passwd',
      '..%2f..%2f..%2fsecret',
      '%2e%2e/%2e%2e/secret',
      '....//....//secret',
      '/etc/passwd',
      'C:\\Windows\\win.ini',
      '\\\\host\\share',
      `${'a'.repeat(64)}/../secret`,
      `${'a'.repeat(64)}\0.png`,
      'A'.repeat(64),
      '',
    ];
    for (const hash of traversals) {
      for (const organizationId of [world.organizationId, '..', hash]) {
        const request = new Request(
          `${testOrigin}/api/assets/x/y?variant=original&expires=1&mac=${'A'.repeat(43)}`,
        );
        const response = await handleAssetRead(web.services, request, { organizationId, hash });
        expect(response.status).toBe(404);
      }
    }
  });

  it('shows a damaged file to nobody', async () => {
    const asset = await stored(await png(52, 52));
    const damaged = {
      ...web.services,
      storage: {
        ...web.services.storage,
        get: async () => {
          throw new Error('the bytes have changed at /srv/gesso/assets');
        },
      },
    };
    const url = new URL(asset.url, testOrigin);
    const response = await handleAssetRead(damaged, new Request(url), {
      organizationId: world.organizationId,
      hash: asset.hash,
    });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('/srv/gesso');
  });
});

describe('the sweeper', () => {
  it('takes old files that no team names, and nothing else', async () => {
    const { storage, database } = web.services;
    const kept = await stored(await png(60, 60));
    const orphan = Buffer.from('nobody wants this');
    await storage.put(hashBytes(orphan), orphan);
    const day = 24 * 60 * 60_000;
    expect(await sweepAssets({ database, storage }, { now: new Date(), minimumAgeMs: day })).toBe(0);
    const later = new Date(Date.now() + 2 * day);
    expect(await sweepAssets({ database, storage }, { now: later, minimumAgeMs: day })).toBe(1);
    expect(await storage.has(hashBytes(orphan))).toBe(false);
    expect(await storage.has(kept.hash)).toBe(true);
  });
});

async function pixels(file: Uint8Array): Promise<Buffer> {
  return sharp(file).removeAlpha().raw().toBuffer();
}

type HostileFile = readonly [name: string, file: Uint8Array<ArrayBuffer>, code: string];

async function hostileFiles(): Promise<readonly HostileFile[]> {
  const good = Buffer.from(await png(200, 200));
  const jpeg = await (await picture(200, 200)).jpeg().toBuffer();
  const text = (content: string) => plain(Buffer.from(content));
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:1/"/></svg>';
  const wrongSize = Buffer.from(good);
  wrongSize.writeUInt32BE(100_000, 16);
  return [
    ['empty.png', text(''), 'unsupported_media'],
    ['drawing.svg', text(svg), 'unsupported_media'],
    ['drawing-with-header.svg', text(`<?xml version="1.0"?>\n<!-- x -->${svg}`), 'unsupported_media'],
    [
      'entities.svg',
      text(`<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg}`),
      'unsupported_media',
    ],
    ['page.html', text('<!doctype html><script>alert(1)</script>'), 'unsupported_media'],
    ['program.exe', text('MZ\u0090\0'), 'unsupported_media'],
    ['archive.zip', text('PK\u0003\u0004'), 'unsupported_media'],
    ['document.pdf', text('%PDF-1.7\n1 0 obj'), 'unsupported_media'],
    ['script.ps', text('%!PS\n(%pipe%id) (w) file'), 'unsupported_media'],
    ['animation.gif', text('GIF89a\u0001\0\u0001\0'), 'unsupported_media'],
    ['picture.tiff', text('II*\0\b\0\0\0'), 'unsupported_media'],
    ['picture.bmp', text('BM\0\0\0\0'), 'unsupported_media'],
    ['picture.ico', text('\0\0\u0001\0'), 'unsupported_media'],
    ['picture.avif', text('\0\0\0\u001cftypavif'), 'unsupported_media'],
    ['picture.jxl', text('\u00ff\n'), 'unsupported_media'],
    ['magick.mvg', text('push graphic-context\nimage over 0,0 0,0 "|id"'), 'unsupported_media'],
    ['pickle.png', text('\u0080\u0004cos\nsystem\n'), 'unsupported_media'],
    ['only-magic.png', plain(good.subarray(0, 8)), 'unsupported_media'],
    ['cut.png', plain(good.subarray(0, Math.floor(good.length / 2))), 'unsupported_media'],
    ['cut.jpg', plain(jpeg.subarray(0, Math.floor(jpeg.length / 2))), 'unsupported_media'],
    ['only-magic.jpg', plain(Buffer.from([0xff, 0xd8, 0xff, 0xe0])), 'unsupported_media'],
    ['only-magic.webp', text('RIFF\u0010\0\0\0WEBPVP8 '), 'unsupported_media'],
    ['lying-size.png', plain(wrongSize), 'too_large'],
    ['bomb.png', plain(flatPng(16_000, 16_000)), 'too_large'],
    ['wide-bomb.png', plain(flatPng(60_000, 10)), 'too_large'],
    ['heavy.png', new Uint8Array(uploadLimits.bytes + 1), 'too_large'],
  ];
}

/** A valid one-bit PNG of any size in a few kilobytes: the shape of a decompression bomb. */
function flatPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const row = 1 + Math.ceil(width / 8);
  const chunks = [
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(row * height))),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat(chunks);
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}
