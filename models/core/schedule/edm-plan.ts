import type { ConfigOf } from '../config/fields.ts';
import type { edmFields } from '../config/edm-fields.ts';
import { makePlan, type PlanParts } from '../plan.ts';
import type { Plan, PlanRequest } from '../types.ts';
import { edmSigmas } from './edm-levels.ts';
import { levelsOrTable, refuse, requestedSteps } from './request.ts';

interface EdmParts extends Pick<PlanParts, 'className' | 'solver' | 'needsRng'> {
  /** What the network is told about sigma. */
  readonly timestepOf: (sigma: number) => number;
}

/** A plan of the EDM classes: x = x0 + sigma · noise, the network sees x/sqrt(sigma² + data²). */
export function edmPlan(config: ConfigOf<typeof edmFields>, request: PlanRequest, parts: EdmParts): Plan {
  const { className, timestepOf } = parts;
  refuse(request, ['timesteps', 'sigmas', 'mu', 'originalSteps', 'strength'], className);
  const levels = edmSigmas(config, requestedSteps(request, className));
  const last = config.final_sigmas_type === 'zero' ? 0 : levels[levels.length - 1];
  const sigmas = levelsOrTable(Float64Array.of(...levels, last), request);
  return makePlan({
    className,
    steps: levels.length,
    timesteps: levels.map((sigma) => Math.fround(timestepOf(sigma))),
    timestepKind: 'float32',
    sigmas,
    initNoiseSigma: Math.sqrt(config.sigma_max ** 2 + 1),
    order: 1,
    level: (index) => ({ alpha: 1, sigma: sigmas[index] }),
    inputDivisor: (index) => Math.sqrt(sigmas[index] ** 2 + config.sigma_data ** 2),
    needsRng: parts.needsRng,
    solver: parts.solver,
  });
}
