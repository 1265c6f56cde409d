import { findPack, verifyPack } from '../../models/catalog/packs.ts';
import { type HouseImageModel, openHouseImageModel } from '../../models/pipelines/house/model.ts';
import { type Device, openDevice } from '../../models/runtime/device.ts';
import { loadOnnxRuntime } from '../../models/runtime/onnxruntime.ts';

/** The model that this process has open. One at a time: the session cache decides what stays in memory. */
export interface HouseModels {
  open(packId: string, folders: readonly string[]): Promise<HouseImageModel>;
}

export function createHouseModels(): HouseModels {
  let device: Promise<Device> | undefined;
  let current: { readonly packId: string; readonly model: Promise<HouseImageModel> } | undefined;

  async function load(packId: string, folders: readonly string[]): Promise<HouseImageModel> {
    const pack = await verifyPack((await findPack(packId, folders)).folder);
    device ??= openDevice();
    return openHouseImageModel(pack, (await device).sessions);
  }

  return {
    async open(packId, folders) {
      if (current?.packId === packId) return current.model;
      const last = current;
      current = undefined;
      if (last !== undefined) (await last.model).close();
      const opening = { packId, model: load(packId, folders) };
      current = opening;
      try {
        return await opening.model;
      } catch (error) {
        if (current === opening) current = undefined;
        throw error;
      }
    },
  };
}

/** Loads the native library, which takes longer than everything else at the start of a runner. */
export async function warmRuntime(): Promise<void> {
  await loadOnnxRuntime();
}
