import { flowEuler } from '../solvers/flow-euler.ts';
import { flowHeun } from '../solvers/flow-heun.ts';
import type { Scheduler } from '../types.ts';
import type { SchedulerDefinition } from './definition.ts';

/** Every scheduler class the core knows. */
export const schedulers: readonly SchedulerDefinition[] = [flowEuler, flowHeun];

/** A scheduler and what its configuration said that nobody here reads. */
export interface ReadScheduler {
  readonly scheduler: Scheduler;
  /** One sentence for every field that was not read, naming it. */
  readonly warnings: readonly string[];
}

/**
 * Builds the scheduler that a diffusers `scheduler_config.json` describes. Absent fields take the class's own
 * defaults; a field the class does not read has no effect and is named in a warning.
 * @throws RangeError when the class is unknown, a value is not acceptable, or values contradict each other.
 */
export function readScheduler(json: unknown): ReadScheduler {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new RangeError('a scheduler configuration must be a JSON object');
  }
  const config: Readonly<Record<string, unknown>> = { ...json };
  const className = config._class_name;
  const definition = schedulers.find((candidate) => candidate.className === className);
  if (!definition) {
    const known = schedulers.map((candidate) => candidate.className).join(', ');
    throw new RangeError(`_class_name is ${JSON.stringify(className)}; known classes are ${known}`);
  }
  return { scheduler: definition.create(config), warnings: unreadFields(definition, config) };
}

function unreadFields(definition: SchedulerDefinition, config: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(config)
    .filter((name) => !name.startsWith('_') && !definition.fieldNames.includes(name))
    .map((name) => {
      const elsewhere = schedulers.some((candidate) => candidate.fieldNames.includes(name));
      return elsewhere
        ? `${name} has no effect on ${definition.className}`
        : `${name} is not a field this version knows; it has no effect`;
    });
}
