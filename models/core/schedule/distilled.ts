import type { PlanRequest } from '../types.ts';
import { requestedSteps } from './request.ts';

export interface DistilledOptions {
  readonly className: string;
  readonly trainSteps: number;
  readonly originalSteps: number;
}

/**
 * Timesteps of consistency distillation (Luo et al. 2023, section 4.3): `steps` picks, as even as possible, from
 * the teacher's grid k·j - 1 (k = T/original), of which the noisiest `strength` share is in use.
 * @throws RangeError when more steps are asked for than the grid has.
 */
export function distilledTimesteps(options: DistilledOptions, request: PlanRequest): Float64Array {
  if (request.timesteps) return Float64Array.from(request.timesteps);
  const { className, trainSteps } = options;
  const original = request.originalSteps ?? options.originalSteps;
  const { strength = 1 } = request;
  if (original > trainSteps) throw new RangeError(`originalSteps ${original} exceeds ${trainSteps}`);
  const stride = Math.floor(trainSteps / original);
  const length = Math.floor(original * strength);
  const steps = requestedSteps(request, className);
  if (steps > length) {
    throw new RangeError(`${className} was distilled on ${length} timesteps; ${steps} steps were asked for`);
  }
  return Float64Array.from({ length: steps }, (_, i) => {
    const pick = Math.floor(i * (length / steps));
    return (length - pick) * stride - 1;
  });
}
