import type { PlanRequest } from '../../models/core/types.ts';

/** The reference's arguments of set_timesteps. */
export interface SetTimesteps {
  readonly num_inference_steps?: number;
  readonly timesteps?: readonly number[];
  readonly sigmas?: readonly number[];
  readonly mu?: number;
  readonly original_inference_steps?: number;
  readonly strength?: number;
}

/** The same as a request of the core; absent keys stay absent. */
export function planRequest(set: SetTimesteps): PlanRequest {
  return {
    ...(set.num_inference_steps !== undefined && { steps: set.num_inference_steps }),
    ...(set.timesteps && { timesteps: set.timesteps }),
    ...(set.sigmas && { sigmas: set.sigmas }),
    ...(set.mu !== undefined && { mu: set.mu }),
    ...(set.original_inference_steps !== undefined && { originalSteps: set.original_inference_steps }),
    ...(set.strength !== undefined && { strength: set.strength }),
  };
}
