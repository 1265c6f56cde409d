import { type HeapProfiler, Session } from 'node:inspector';
import { readScheduler } from '../../../models/core/config/read.ts';
import { classifierFree } from '../../../models/core/guidance/classifier-free.ts';
import { TorchGenerator } from '../../../models/core/random/torch-generator.ts';
import type { Evaluation, Latent, Plan, Solver } from '../../../models/core/types.ts';

export interface StepTime {
  readonly shape: string;
  readonly solver: string;
  /** Processor time of one step outside the network, which a busy machine does not change. */
  readonly milliseconds: number;
  /** Median time on the clock. */
  readonly wallMilliseconds: number;
  readonly target: number;
  /** Memory a step allocates, as the engine's heap profiler counts it: boxed numbers and results of generators, no arrays. */
  readonly bytes: number;
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

/** Best of five runs after two to warm up, and one more whose allocations are counted. */
function measure(plan: Plan, length: number): Omit<StepTime, 'shape' | 'solver' | 'target'> {
  const run = steppingLoop(plan, length);
  run(timed);
  run(timed);
  const walls: number[] = [];
  let cpu = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const result = run(timed);
    walls.push(...result.walls);
    cpu = Math.min(cpu, result.cpu);
  }
  walls.sort((a, b) => a - b);
  const bytes = Math.round(run(allocated) / plan.timesteps.length);
  return { milliseconds: cpu, wallMilliseconds: walls[Math.floor(walls.length / 2)], bytes };
}

interface Timed {
  readonly walls: readonly number[];
  readonly cpu: number;
}

function timed(steps: Generator<number>, count: number): Timed {
  const walls = new Float64Array(count);
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    steps.next();
    walls[i] = performance.now() - started;
  }
  const { user, system } = process.cpuUsage(before);
  return { walls: [...walls], cpu: (user + system) / 1000 / count };
}

/** Bytes that the steps allocate, without those of the profiler itself. */
function allocated(steps: Generator<number>, count: number): number {
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
  for (let i = 0; i < count; i++) steps.next();
  session.post('HeapProfiler.stopSampling', (error, result) => {
    if (error) throw error;
    add(result.profile.head);
  });
  session.disconnect();
  return bytes;
}

/** What happens between two network runs: combine the branches, step, scale the next input. */
function steppingLoop(
  plan: Plan,
  length: number,
): <T>(walk: (steps: Generator<number>, count: number) => T) => T {
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
    const steps = driven(solver.next(), solver, () => guidance.combine(branches, point, guided), guided);
    return walk(steps, plan.timesteps.length);
  };
}

/**
 * One step at every resumption, as a pipeline takes them: it leaves the function at every network run, and so gets
 * the optimised code that a single long loop would not be switched to.
 */
function* driven(
  first: IteratorResult<Evaluation, Latent>,
  solver: Solver,
  combine: () => void,
  guided: Float32Array,
): Generator<number> {
  let next = first;
  for (let i = 0; !next.done; i++) {
    combine();
    next = solver.next(guided);
    yield i;
  }
}
