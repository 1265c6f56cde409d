import type { Scheduler } from '../types.ts';
import type { ConfigOf, Field, Fields } from './fields.ts';

/** A scheduler class as the configuration reader sees it. */
export interface SchedulerDefinition {
  readonly className: string;
  /** Names of the fields the class reads. */
  readonly fieldNames: readonly string[];
  /** @throws RangeError naming the field when a value is not acceptable. */
  readonly create: (json: Readonly<Record<string, unknown>>) => Scheduler;
}

interface DefinitionParts<F extends Fields> {
  readonly className: string;
  readonly fields: F;
  readonly create: (config: ConfigOf<F>) => Scheduler;
}

/** Ties a class name and its fields to the function that builds it. */
export function defineScheduler<F extends Fields>(parts: DefinitionParts<F>): SchedulerDefinition {
  return {
    className: parts.className,
    fieldNames: Object.keys(parts.fields),
    create: (json) => parts.create(readFields(parts.fields, json)),
  };
}

function readFields<F extends Fields>(fields: F, json: Readonly<Record<string, unknown>>): ConfigOf<F> {
  const config: { [name: string]: unknown } = {};
  for (const [name, field] of Object.entries<Field<unknown>>(fields)) {
    config[name] = json[name] === undefined ? field.fallback : field.read(json[name], name);
  }
  return config as ConfigOf<F>;
}
