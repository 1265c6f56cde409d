import { consistency } from '../solvers/consistency.ts';
import { cosineDpmMultistep } from '../solvers/cosine-dpm-multistep.ts';
import { ddim } from '../solvers/ddim.ts';
import { ddimInverse } from '../solvers/ddim-inverse.ts';
import { ddpm } from '../solvers/ddpm.ts';
import { deis } from '../solvers/deis.ts';
import { dpm2sAncestral } from '../solvers/dpm-2s-ancestral.ts';
import { dpm3mSde } from '../solvers/dpm-3m-sde.ts';
import { dpmSde } from '../solvers/dpm-sde.ts';
import { dpm2 } from '../solvers/dpm2.ts';
import { dpm2Ancestral } from '../solvers/dpm2-ancestral.ts';
import { dpmMultistep } from '../solvers/dpm-multistep.ts';
import { dpmSinglestep } from '../solvers/dpm-singlestep.ts';
import { edmDpmMultistep } from '../solvers/edm-dpm-multistep.ts';
import { edmEuler } from '../solvers/edm-euler.ts';
import { euler } from '../solvers/euler.ts';
import { eulerAncestral } from '../solvers/euler-ancestral.ts';
import { flowEuler } from '../solvers/flow-euler.ts';
import { flowHeun } from '../solvers/flow-heun.ts';
import { heun } from '../solvers/heun.ts';
import { lcm } from '../solvers/lcm.ts';
import { lms } from '../solvers/lms.ts';
import { pndm } from '../solvers/pndm.ts';
import { repaint } from '../solvers/repaint.ts';
import { tcd } from '../solvers/tcd.ts';
import { unipc } from '../solvers/unipc.ts';
import type { Scheduler } from '../types.ts';
import type { SchedulerDefinition } from './definition.ts';

/** Every scheduler class the core knows. */
export const schedulers: readonly SchedulerDefinition[] = [
  ddpm,
  ddim,
  ddimInverse,
  pndm,
  lms,
  euler,
  eulerAncestral,
  heun,
  dpm2,
  dpm2Ancestral,
  dpmMultistep,
  dpmSinglestep,
  dpm2sAncestral,
  dpmSde,
  dpm3mSde,
  unipc,
  deis,
  lcm,
  tcd,
  edmEuler,
  edmDpmMultistep,
  cosineDpmMultistep,
  flowEuler,
  flowHeun,
  consistency,
  repaint,
];

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
