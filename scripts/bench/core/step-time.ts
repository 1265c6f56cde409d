import { type HeapProfiler, Session } from 'node:inspector';
import { readScheduler } from '../../../models/core/config/read.ts';
import { classifierFree } from '../../../models/core/guidance/classifier-free.ts';
import { TorchGenerator } from '../../../models/core/random/torch-generator.ts';
import type { Plan } from '../../../models/core/types.ts';

export interface StepTime {
  readonly shape: string;
  readonly solver: string;
  /** Processor time of one step outside the network, which a busy machine does not change. */
  readonly milliseconds: number;
  /** Median time on the clock. */
  readonly wallMilliseconds: number;
  readonly target: number;
  /** Bytes of arrays that a step allocates. */
  readonly arrayBytes: number;
  /** Bytes of objects that a step allocates, as the engine's heap profiler counts them. */
  readonly objectBytes: number;
}

interface Size {
  readonly name: string;
  readonly length: number;
  readonly target: number;
}

const SIZES: readonly Size[] = [
  { name: '4×64×64', length: 4 * 64 * 64, target: 0.5 },
  { name: '4×128×128', length: 4 * 128 * 128, target: 1 },
  { name: '16×128×128', length: 16 * 128 * 128, target: 5 },
];

const LATENT = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' };
const SOLVERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  euler: { ...LATENT, _class_name: 'EulerDiscreteScheduler' },
  ddim: { ...LATENT, _class_name: 'DDIMScheduler', clip_sample: false },
  'dpm++ 2m karras': { ...LATENT, _class_name: 'DPMSolverMultistepScheduler', use_karras_sigmas: true },
  unipc: { ...LATENT, _class_name: 'UniPCMultistepScheduler' },
  'flow euler': { _class_name: 'FlowMatchEulerDiscreteScheduler', shift: 3 },
};

/** Every solver at every size, on predictions that cost nothing. */
export function measureSteps(): readonly StepTime[] {
  return SIZES.flatMap((size) =>
    Object.entries(SOLVERS).map(([solver, config]) => {
      const plan = readScheduler(config).scheduler.plan({ steps: 50 });
      return { shape: size.name, solver, target: size.target, ...measure(plan, size.length) };
    }),
  );
}

/** Steps before anything is measured: by then the engine has compiled what a step runs, as it has in a worker. */
const WARM_UP = 1000;

/** Best of five runs, and two more whose allocations are counted. */
function measure(plan: Plan, length: number): Omit<StepTime, 'shape' | 'solver' | 'target'> {
  const run = steppingLoop(plan, length);
  for (let done = 0; done < WARM_UP; done += plan.timesteps.length) run(timed);
  const walls: number[] = [];
  let cpu = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const result = run(timed);
    walls.push(...result.walls);
    cpu = Math.min(cpu, result.cpu);
  }
  walls.sort((a, b) => a - b);
  return {
    milliseconds: cpu,
    wallMilliseconds: walls[Math.floor(walls.length / 2)],
    arrayBytes: Math.round(run(arraysAllocated) / plan.timesteps.length),
    objectBytes: Math.round(run(objectsAllocated) / plan.timesteps.length),
  };
}

interface Timed {
  readonly walls: readonly number[];
  readonly cpu: number;
}

function timed(step: () => void, count: number): Timed {
  const walls = new Float64Array(count);
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    step();
    walls[i] = performance.now() - started;
  }
  const { user, system } = process.cpuUsage(before);
  return { walls: [...walls], cpu: (user + system) / 1000 / count };
}

/** Bytes of array buffers, which lie outside the heap that the profiler sees. */
function arraysAllocated(step: () => void, count: number): number {
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const before = process.memoryUsage().arrayBuffers;
    step();
    bytes += Math.max(process.memoryUsage().arrayBuffers - before, 0);
  }
  return bytes;
}

/** Bytes in the heap, without those of the profiler itself. */
function objectsAllocated(step: () => void, count: number): number {
  const session = new Session();
  session.connect();
  let bytes = 0;
  const options = {
    samplingInterval: 64,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  };
  const add = ({ selfSize, callFrame, children }: HeapProfiler.SamplingHeapProfileNode): void => {
    if (!callFrame.url.startsWith('node:')) bytes += selfSize;
    for (const child of children) add(child);
  };
  session.post('HeapProfiler.startSampling', options);
  for (let i = 0; i < count; i++) step();
  session.post('HeapProfiler.stopSampling', (error, result) => {
    if (error) throw error;
    add(result.profile.head);
  });
  session.disconnect();
  return bytes;
}

/** What happens between two network runs: combine the branches, step, scale the next input. */
function steppingLoop(plan: Plan, length: number): <T>(walk: (step: () => void, count: number) => T) => T {
  const rng = new TorchGenerator(0);
  const start = new Float32Array(length);
  const negative = new Float32Array(length);
  const positive = new Float32Array(length);
  rng.randn(start);
  rng.randn(negative);
  rng.randn(positive);
  const x = new Float32Array(length);
  const guided = new Float32Array(length);
  const guidance = classifierFree({ scale: 7.5 });
  const point = { index: 0, count: plan.timesteps.length, timestep: 0, alpha: 1, sigma: 0 };
  const branches = [negative, positive];
  return (walk) => {
    x.set(start);
    const solver = plan.solve(x);
    solver.next();
    // A call for every step, as a pipeline leaves its function at every network run: one long loop would not be switched to
    // the code that was optimised meanwhile.
    const step = (): void => {
      guidance.combine(branches, point, guided);
      solver.next(guided);
    };
    return walk(step, plan.timesteps.length);
  };
}
