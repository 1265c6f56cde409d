import { choice, integer, number } from './fields.ts';
import { spacingFields } from './flow-fields.ts';
import { betaFields, LATENT_BETAS, timestepSpacing } from './vp-fields.ts';

/** Fields of the k-diffusion samplers that have no diffusers class of their own, named alike. */
export const kDiffusionFields = {
  ...betaFields({ ...LATENT_BETAS, schedule: 'scaled_linear' }),
  ...spacingFields,
  prediction_type: choice('epsilon', ['epsilon', 'sample', 'v_prediction']),
  timestep_spacing: timestepSpacing('linspace'),
  steps_offset: integer(0),
  /** Share of the noise an ancestral or stochastic step adds: 0 is deterministic. */
  eta: number(1),
};
