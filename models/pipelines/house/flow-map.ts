import type { HouseImageManifest } from '../../catalog/manifest.ts';
import type { ImageRequest } from '../image-request.ts';

/** What a network that has learned its flow map is told besides x_t and t: where the step ends, and the guidance scale. */
export interface Jump {
  /** Noise level after the step, below t. */
  readonly to: number;
  readonly guidanceScale: number;
}

export type FlowMap = NonNullable<HouseImageManifest['flowMap']>;

/**
 * Returns the pack's flow map (Boffi et al. 2024, "Flow map matching") where it draws this request better than small steps do:
 * with few steps of Euler's method. It answers for a whole step at once and has learned guidance at scales within its range,
 * so a step takes one evaluation. It knows the empty prompt alone as what to guide away from, a map or a repaint but not both, and
 * no edit by instruction, whose two guidance scales compare three branches. Returns null for all else.
 */
export function flowMapFor(
  request: ImageRequest,
  { flowMap }: Pick<HouseImageManifest, 'flowMap'>,
): FlowMap | null {
  if (flowMap === undefined) return null;
  const { mode, solver, steps, guidanceScale, negativePrompt, controls } = request;
  const [lowest, highest] = flowMap.guidanceScales;
  const isLearned =
    solver === 'flow-euler' &&
    steps <= flowMap.mostSteps &&
    guidanceScale >= lowest &&
    guidanceScale <= highest &&
    negativePrompt.trim() === '' &&
    mode !== 'instruct' &&
    controls.length <= (mode === 'inpaint' || mode === 'extend' ? 0 : 1);
  return isLearned ? flowMap : null;
}
