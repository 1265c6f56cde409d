import type { PlanRequest } from '../types.ts';

/**
 * The number of steps a request asks for.
 * @throws RangeError when it is missing or not a positive integer.
 */
export function requestedSteps(request: PlanRequest, className: string): number {
  const { steps } = request;
  if (steps === undefined) throw new RangeError(`${className} needs the number of steps`);
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`steps is ${steps}; it must be a positive integer`);
  }
  return steps;
}

/**
 * Refuses the parts of a request a class has no use for, so that nothing asked for is silently dropped.
 * @throws RangeError naming the first of them.
 */
export function refuse(request: PlanRequest, names: readonly (keyof PlanRequest)[], className: string): void {
  for (const name of names) {
    if (request[name] !== undefined) throw new RangeError(`${className} takes no ${name}`);
  }
}

/** The computed levels, or the table that replaces them. */
export function levelsOrTable(computed: Float64Array, request: PlanRequest): Float64Array {
  const { sigmaTable } = request;
  if (!sigmaTable) return computed;
  if (sigmaTable.length !== computed.length) {
    throw new RangeError(`sigmaTable has ${sigmaTable.length} values; this plan needs ${computed.length}`);
  }
  return Float64Array.from(sigmaTable);
}
