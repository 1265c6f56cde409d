import type { OpenLanes, PacksToWarm, Task, TaskContext, TaskResult } from '../tasks/task.ts';

/** A task whose input type is closed over: parses, then runs. */
export interface RunnableTask {
  run(input: unknown, context: TaskContext): Promise<TaskResult>;
  warm(packs: PacksToWarm): Promise<void>;
  lanes(): OpenLanes | null;
}

/** Loaded on demand, so that a runner only ever loads what its work needs. */
const loaders: Readonly<Record<string, () => Promise<RunnableTask>>> = {
  'generate-image': async () => toRunnable((await import('../tasks/generate-image.ts')).generateImage),
  probe: async () => toRunnable((await import('../tasks/probe.ts')).probe),
};

export async function loadTask(name: string): Promise<RunnableTask> {
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  if (load === undefined) throw new Error(`there is no task "${name}"`);
  return load();
}

function toRunnable<Input>(task: Task<Input>): RunnableTask {
  return {
    run: (input, context) => task.run(task.schema.parse(input), context),
    warm: (packs) => task.warm(packs),
    lanes: () => task.lanes(),
  };
}
