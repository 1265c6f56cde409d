import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll } from 'vitest';
import { HOUSE_PACKS_FOLDER, verifyPack } from '../../catalog/packs.ts';
import { type Device, openDevice } from '../../runtime/device.ts';
import { type HouseImageModel, openHouseImageModel } from '../house/model.ts';
import type { RgbPicture } from '../image/picture.ts';

/** Opens the house pack as it is shipped before the tests of a file and closes it after them; call the result in a test. */
export function useShippedPack(): () => HouseImageModel {
  let open: { readonly device: Device; readonly model: HouseImageModel } | null = null;

  beforeAll(async () => {
    const device = await openDevice({ threads: 1 });
    const pack = await verifyPack(join(HOUSE_PACKS_FOLDER, 'house-image'));
    open = { device, model: await openHouseImageModel(pack, device.sessions, { warmUp: false }) };
  });

  afterAll(async () => {
    open?.model.close();
    await open?.device.sessions.close();
  });

  return () => {
    if (open === null) throw new Error('the pack is open only while tests run');
    return open.model;
  };
}

/** Returns a picture file's pixels without alpha. */
export async function readPictureFile(file: string): Promise<RgbPicture> {
  const { data, info } = await sharp(file)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: Uint8Array.from(data) };
}
