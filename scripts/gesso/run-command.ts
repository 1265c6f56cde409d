import { PackError } from '../../models/catalog/pack-error.ts';
import { PipelineError } from '../../models/pipelines/pipeline-error.ts';

/** Raised for arguments that cannot be understood; the message says which and what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that works until it is done, has failed, or is interrupted. */
export interface LongCommand<Options> {
  readonly name: string;
  readonly usage: string;
  /** Throws UsageError. */
  readonly parse: (args: readonly string[]) => Options | 'help';
  readonly work: (options: Options, signal: AbortSignal) => Promise<void>;
  /** What an interruption left behind, for the person who interrupted. */
  readonly interrupted: string;
}

/**
 * Runs it. Returns 0 when it is done, 1 when a pack cannot be used, 2 for arguments or a request that are not right, 130 when
 * interrupted by SIGINT or SIGTERM. Anything else is thrown.
 */
export async function runCommand<Options>(
  command: LongCommand<Options>,
  args: readonly string[],
): Promise<number> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const options = command.parse(args);
    if (options === 'help') process.stdout.write(command.usage);
    else await command.work(options, interruption.signal);
    return 0;
  } catch (error) {
    if (!interruption.signal.aborted) return report(error, command.name);
    process.stderr.write(`\n${command.interrupted}\n`);
    return 130;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function report(error: unknown, name: string): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\nTry: npx gesso ${name} --help\n`);
    return 2;
  }
  if (error instanceof PipelineError) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (error instanceof PackError) {
    process.stderr.write(`${error.message}\nTry: npx gesso models list\n`);
    return error.code === 'not-found' ? 2 : 1;
  }
  throw error;
}
