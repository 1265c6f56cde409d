import { findPack, verifyPack } from '../../models/catalog/packs.ts';
import { type ImageModel, openImageModel } from '../../models/pipelines/image-model.ts';
import { type Device, openDevice } from '../../models/runtime/device.ts';
import { loadOnnxRuntime } from '../../models/runtime/onnxruntime.ts';
import type { Arithmetic } from '../../shared/contracts/recipe.ts';
import type { OpenLanes } from './task.ts';

/** The pack that this process has open. One at a time: the session cache decides what stays in memory. */
export interface HouseModels {
  /** Its pictures run side by side whatever their arithmetic, so one opening never closes the other of the same pack. */
  open(packId: string, folders: readonly string[], arithmetic: Arithmetic): Promise<ImageModel>;
  /** How many pictures at once the open pack is worth; null while none is open. */
  lanes(): OpenLanes | null;
}

interface OpenPack {
  readonly packId: string;
  readonly models: Map<Arithmetic, Promise<ImageModel>>;
  /** Of the models that have been loaded. */
  readonly lanes: number[];
}

/** `lanes`: how many pictures at once, whatever a model gains by it; null for what it gains. */
export function createHouseModels(lanes: number | null): HouseModels {
  let device: Promise<Device> | undefined;
  let current: OpenPack | undefined;

  async function load(pack: OpenPack, folders: readonly string[], arithmetic: Arithmetic) {
    const verified = await verifyPack((await findPack(pack.packId, folders)).folder);
    device ??= openDevice();
    const decided = lanes === null ? {} : { lanes };
    const { sessions } = await device;
    const model = await openImageModel(verified, sessions, { warmUp: true, arithmetic, ...decided });
    pack.lanes.push(model.lanes);
    return model;
  }

  async function closeAll({ models }: OpenPack): Promise<void> {
    for (const opened of await Promise.allSettled(models.values())) {
      if (opened.status === 'fulfilled') opened.value.close();
    }
  }

  return {
    // Requests of one pack may be of either kind, so what both gain by is what counts.
    lanes: () =>
      current === undefined || current.lanes.length === 0
        ? null
        : { pack: current.packId, lanes: Math.min(...current.lanes) },
    async open(packId, folders, arithmetic) {
      const last = current;
      const pack: OpenPack = last?.packId === packId ? last : { packId, models: new Map(), lanes: [] };
      current = pack;
      if (last !== undefined && last !== pack) await closeAll(last);
      const known = pack.models.get(arithmetic);
      if (known !== undefined) return known;
      const opening = load(pack, folders, arithmetic);
      pack.models.set(arithmetic, opening);
      try {
        return await opening;
      } catch (error) {
        if (pack.models.get(arithmetic) === opening) pack.models.delete(arithmetic);
        throw error;
      }
    },
  };
}

/** Loads the native library, which takes longer than everything else at the start of a runner. */
export async function warmRuntime(): Promise<void> {
  await loadOnnxRuntime();
}
