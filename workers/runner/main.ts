import { type OpenLanes, TaskError } from '../tasks/task.ts';
import { type FromRunner, toRunnerSchema, type WarmUp, warmUpSchema } from './protocol.ts';
import { loadTask, type RunnableTask } from './registry.ts';

/**
 * A runner: one child process a device, as many jobs at once as it says are worth it, no database, no store, no network of
 * its own. Native inference blocks the event loop between two steps, so the agent talks to it by messages and, when it does
 * not answer, by SIGKILL. Its argument says what to load before it counts as ready.
 */
const cancelled = new Error('cancelled');

const running = new Map<number, AbortController>();
let toldLanes: OpenLanes | null = null;

process.on('disconnect', () => process.exit(0));
process.on('message', (raw) => {
  const message = toRunnerSchema.parse(raw);
  if (message.kind === 'run') void work(message.run, message.task, message.input);
  else running.get(message.run)?.abort(cancelled);
});

await warmUp(warmUpSchema.parse(JSON.parse(process.argv[2] ?? '')));
say({ kind: 'ready' });

/** A pack that cannot be loaded now is its jobs' to report; the runner may have others. */
async function warmUp({ task, packs }: WarmUp): Promise<void> {
  try {
    const warming = await loadTask(task);
    await warming.warm(packs);
    sayLanes(warming);
  } catch (error) {
    process.stderr.write(`a runner could not warm up: ${String(error)}\n`);
  }
}

async function work(run: number, name: string, input: unknown): Promise<void> {
  const abort = new AbortController();
  running.set(run, abort);
  try {
    const task = await loadTask(name);
    const result = await task.run(input, {
      signal: abort.signal,
      now: () => performance.now(),
      report: (progress) => {
        sayLanes(task);
        say({ kind: 'progress', run, ...progress });
      },
    });
    say({
      kind: 'done',
      run,
      result: { ...result, outputs: [...result.outputs], inputs: [...result.inputs] },
      rss: process.memoryUsage.rss(),
    });
  } catch (error) {
    say(abort.signal.aborted ? { kind: 'cancelled', run } : describe(run, error));
  } finally {
    running.delete(run);
  }
}

/** Another model may be worth another number. */
function sayLanes(task: RunnableTask): void {
  const open = task.lanes();
  if (open === null || (open.pack === toldLanes?.pack && open.lanes === toldLanes.lanes)) return;
  toldLanes = open;
  say({ kind: 'lanes', ...open });
}

function describe(run: number, error: unknown): FromRunner {
  if (error instanceof TaskError) {
    return { kind: 'failed', run, code: error.code, message: error.message, fix: error.fix, detail: '' };
  }
  return {
    kind: 'failed',
    run,
    code: 'internal',
    message: 'Something went wrong while this was made.',
    fix: 'Retry. If it happens again, read the log of the worker.',
    detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

function say(message: FromRunner): void {
  // An agent that is gone hears nothing; `disconnect` then ends this process.
  process.send?.(message, undefined, undefined, () => undefined);
}
