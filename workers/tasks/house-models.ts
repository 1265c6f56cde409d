import { findPack, verifyPack } from '../../models/catalog/packs.ts';
import { type ImageModel, openImageModel } from '../../models/pipelines/image-model.ts';
import { type Device, openDevice } from '../../models/runtime/device.ts';
import { loadOnnxRuntime } from '../../models/runtime/onnxruntime.ts';
import type { OpenLanes } from './task.ts';

/** The model that this process has open. One at a time: the session cache decides what stays in memory. */
export interface HouseModels {
  open(packId: string, folders: readonly string[]): Promise<ImageModel>;
  /** How many pictures at once the open model is worth; null while none is open. */
  lanes(): OpenLanes | null;
}

/** `lanes`: how many pictures at once, whatever a model gains by it; null for what it gains. */
export function createHouseModels(lanes: number | null): HouseModels {
  let device: Promise<Device> | undefined;
  let openLanes: OpenLanes | null = null;
  let current: { readonly packId: string; readonly model: Promise<ImageModel> } | undefined;

  async function load(packId: string, folders: readonly string[]): Promise<ImageModel> {
    const pack = await verifyPack((await findPack(packId, folders)).folder);
    device ??= openDevice();
    const decided = lanes === null ? {} : { lanes };
    const model = await openImageModel(pack, (await device).sessions, { warmUp: true, ...decided });
    openLanes = { pack: packId, lanes: model.lanes };
    return model;
  }

  return {
    lanes: () => openLanes,
    async open(packId, folders) {
      if (current?.packId === packId) return current.model;
      const last = current;
      current = undefined;
      openLanes = null;
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
