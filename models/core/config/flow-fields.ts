import { boolean, choice, integer, number, optional } from './fields.ts';
import type { FlowSpacing } from '../schedule/flow.ts';

/** Which of three mutually exclusive spacings a configuration asks for. */
export const spacingFields = {
  use_karras_sigmas: optional(boolean(false)),
  use_exponential_sigmas: optional(boolean(false)),
  use_beta_sigmas: optional(boolean(false)),
};

interface SpacingConfig {
  readonly use_karras_sigmas: boolean | null;
  readonly use_exponential_sigmas: boolean | null;
  readonly use_beta_sigmas: boolean | null;
}

/** @throws RangeError when more than one spacing is switched on. */
export function spacingOf(config: SpacingConfig): FlowSpacing {
  const wanted: FlowSpacing[] = [];
  if (config.use_karras_sigmas) wanted.push('karras');
  if (config.use_exponential_sigmas) wanted.push('exponential');
  if (config.use_beta_sigmas) wanted.push('beta');
  if (wanted.length > 1) {
    throw new RangeError(
      'use_karras_sigmas, use_exponential_sigmas and use_beta_sigmas exclude each other; set one',
    );
  }
  return wanted[0] ?? 'plain';
}

export const flowEulerFields = {
  num_train_timesteps: integer(1000, 1),
  shift: number(1),
  use_dynamic_shifting: boolean(false),
  base_shift: optional(number(0.5)),
  max_shift: optional(number(1.15)),
  base_image_seq_len: optional(integer(256)),
  max_image_seq_len: optional(integer(4096)),
  invert_sigmas: boolean(false),
  shift_terminal: optional(number(0)),
  ...spacingFields,
  time_shift_type: choice('exponential', ['exponential', 'linear']),
  stochastic_sampling: boolean(false),
};
