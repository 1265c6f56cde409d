import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, encodeField } from '../../models/runtime/protobuf.ts';
import { childEnv } from '../../platform/env.ts';

const main = join(import.meta.dirname, 'main.ts');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gesso-models-'));
  const source = join(folder, 'My Pixels');
  mkdirSync(join(source, 'unet'), { recursive: true });
  mkdirSync(join(source, 'scheduler'));
  writeFileSync(join(source, 'model_index.json'), '{"_class_name":"DDPMPipeline"}');
  writeFileSync(
    join(source, 'scheduler/scheduler_config.json'),
    '{"_class_name":"DDIMScheduler","colour":1}',
  );
  writeFileSync(join(source, 'unet/config.json'), '{"in_channels":3,"sample_size":8}');
  writeFileSync(join(source, 'unet/model.onnx'), createPixelNetwork());
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A network that predicts its input times (1 + 0 · timestep): the smallest graph a pixel pipeline can run. */
function createPixelNetwork(): Uint8Array {
  const image = encodeTensorInfo('sample', 1, ['b', 'c', 'h', 'w']);
  const zero = concatBytes([encodeField(2, 1), encodeField(8, 'zero'), encodeField(9, new Uint8Array(4))]);
  const graph = concatBytes([
    encodeField(1, encodeNode('Mul', ['timestep', 'zero'], 'nothing')),
    encodeField(1, encodeNode('Add', ['sample', 'nothing'], 'out_sample')),
    encodeField(2, 'pixels'),
    encodeField(5, zero),
    encodeField(11, image),
    encodeField(11, encodeTensorInfo('timestep', 1, [])),
    encodeField(12, encodeTensorInfo('out_sample', 1, ['b', 'c', 'h', 'w'])),
  ]);
  return concatBytes([encodeField(1, 8), encodeField(7, graph), encodeField(8, encodeField(2, 14))]);
}

function encodeNode(type: string, inputs: readonly string[], output: string): Uint8Array {
  return concatBytes([
    ...inputs.map((name) => encodeField(1, name)),
    encodeField(2, output),
    encodeField(4, type),
  ]);
}

function encodeTensorInfo(name: string, element: number, dims: readonly string[]): Uint8Array {
  const shape = concatBytes(dims.map((dim) => encodeField(1, encodeField(2, dim))));
  const tensorType = concatBytes([encodeField(1, element), encodeField(2, shape)]);
  return concatBytes([encodeField(1, name), encodeField(2, encodeField(1, tensorType))]);
}

function gesso(...args: readonly string[]) {
  return spawnSync(process.execPath, ['--no-js-float16array', main, 'models', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: childEnv({ GESSO_HOME: join(folder, 'home') }),
  });
}

describe('gesso models', { timeout: 180_000 }, () => {
  it('adds a folder, lists it, verifies it, notices damage, and removes it', () => {
    const added = gesso('add', 'My Pixels', '--license', 'CC0-1.0');
    expect(added.stderr).toContain('colour');
    expect(added).toMatchObject({ status: 0 });
    expect(added.stdout).toContain('Added my-pixels: DDPMPipeline');

    const listed = JSON.parse(gesso('list', '--json').stdout);
    expect(listed.packs).toContainEqual(
      expect.objectContaining({ id: 'my-pixels', license: 'CC0-1.0', house: false }),
    );
    expect(listed.packs).toContainEqual(expect.objectContaining({ id: 'house-image', house: true }));
    expect(gesso('verify')).toMatchObject({ status: 0 });

    const graph = join(folder, 'home/models/my-pixels/unet/model.onnx');
    writeFileSync(
      graph,
      readFileSync(graph).map((byte, i) => (i === 1 ? 9 : byte)),
    );
    const damaged = gesso('verify', 'my-pixels');
    expect(damaged.status).toBe(1);
    expect(damaged.stdout).toContain('has changed');

    expect(gesso('remove', 'my-pixels').status).toBe(0);
    expect(existsSync(graph)).toBe(false);
  });

  it('refuses a network that does not fit its pipeline, and changes nothing', () => {
    const source = join(folder, 'misfit');
    mkdirSync(join(source, 'unet'), { recursive: true });
    mkdirSync(join(source, 'scheduler'));
    writeFileSync(join(source, 'model_index.json'), '{"_class_name":"DDPMPipeline"}');
    writeFileSync(join(source, 'scheduler/scheduler_config.json'), '{"_class_name":"DDIMScheduler"}');
    writeFileSync(join(source, 'unet/model.onnx'), createPixelNetwork());
    writeFileSync(join(source, 'unet/config.json'), '{"in_channels":3,"sample_size":8,"num_class_embeds":5}');
    writeFileSync(
      join(source, 'unet/model.onnx'),
      Buffer.from(createPixelNetwork()).toString('latin1').replaceAll('timestep', 'timestop'),
      'latin1',
    );
    const refused = gesso('add', 'misfit');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("no input for 'timestep'");
    expect(refused.stderr).toContain('Nothing was changed.');
    expect(existsSync(join(folder, 'home/models/misfit'))).toBe(false);
  });

  it('explains wrong arguments', () => {
    expect(gesso('add')).toMatchObject({ status: 2 });
    expect(gesso('frobnicate').stderr).toContain('There is no command "models frobnicate"');
    expect(gesso('remove', 'house-image')).toMatchObject({ status: 1 });
    expect(gesso('verify', 'absent')).toMatchObject({ status: 2 });
  });
});
