import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProbeModel } from './probe-model.ts';
import { chooseProvider, probeProviders } from './providers.ts';
import { openSession } from './session.ts';
import { float32Tensor } from './tensor.ts';

const device = { provider: 'cpu', threads: 1 } as const;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gesso-session-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('openSession', () => {
  it('runs a graph and leaves no telemetry behind', async () => {
    const home = homedir();
    const store = join(home, '.cache/Microsoft/DeveloperTools/.onnxruntime');
    const before = existsSync(store) ? readdirSync(store).join() : 'absent';
    const path = join(folder, 'probe.onnx');
    writeFileSync(path, createProbeModel());
    const session = await openSession(path, device);
    const out = await session.runForOutput({ value: float32Tensor([2], Float32Array.of(1, 2.5)) }, 'doubled');
    expect(out).toEqual({ shape: [2], data: Float32Array.of(2, 5) });
    expect(session.memoryBytes).toBeGreaterThan(0);
    await session.close();
    expect(existsSync(store) ? readdirSync(store).join() : 'absent').toBe(before);
  });

  it('feeds and reads half precision as floats', async () => {
    const path = join(folder, 'half.onnx');
    writeFileSync(path, createProbeModel('float16'));
    const session = await openSession(path, device);
    const out = await session.runForOutput(
      { value: float32Tensor([3], Float32Array.of(0.25, -3, 1000)) },
      'doubled',
    );
    expect(out).toEqual({ shape: [3], data: Float32Array.of(0.5, -6, 2000) });
    await session.close();
  });

  it.each(['float32', 'float16'] as const)(
    'reads feeds of %s anew in every run of a binding',
    async (type) => {
      const path = join(folder, `bound-${type}.onnx`);
      writeFileSync(path, createProbeModel(type));
      const session = await openSession(path, device);
      const value = Float32Array.of(1, 2);
      const run = session.bind({ value: float32Tensor([2], value) }, 'doubled');
      const first = await run();
      value.set([3, -4]);
      expect([await run(), first]).toEqual([
        { shape: [2], data: Float32Array.of(6, -8) },
        { shape: [2], data: Float32Array.of(2, 4) },
      ]);
      expect(() => session.bind({ other: float32Tensor([1], value.subarray(1)) }, 'doubled')).toThrow(
        /no input for 'other'/,
      );
      await session.close();
    },
  );

  it('says which file is not a graph', async () => {
    const path = join(folder, 'broken.onnx');
    writeFileSync(path, 'not a graph');
    await expect(openSession(path, device)).rejects.toThrow(/cannot open .*broken\.onnx/);
  });

  it('names the inputs it misses and those it does not know', async () => {
    const path = join(folder, 'probe2.onnx');
    writeFileSync(path, createProbeModel());
    const session = await openSession(path, device);
    await expect(session.run({})).rejects.toThrow(/needs 'value'/);
    await expect(session.run({ other: float32Tensor([1], Float32Array.of(1)) })).rejects.toThrow(
      /no input for 'other'/,
    );
    await session.close();
  });
});

describe('probeProviders', () => {
  it('finds the CPU, and says why another device is absent', async () => {
    const probes = await probeProviders(['dml', 'cpu']);
    expect(probes.find((probe) => probe.provider === 'cpu')?.available).toBe(true);
    if (process.platform !== 'win32') {
      expect(probes[0]).toMatchObject({ provider: 'dml', available: false });
      expect(chooseProvider(probes)).toBe('cpu');
    }
  });
});
