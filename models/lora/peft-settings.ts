import { PackError } from '../catalog/pack-error.ts';
import { COMPONENTS, type LoraTarget, type ModulePlace } from './tensor-names.ts';

const KEY = 'lora_adapter_metadata';

/** What PEFT's settings make of a layer's scale. */
export interface PeftSettings {
  /** What to divide by the rank, or null when the settings do not say. */
  alphaOf(place: ModulePlace, rank: number): number | null;
}

/**
 * Reads the settings of PEFT that diffusers writes into a file's metadata: `lora_alpha`, `alpha_pattern` with alphas for
 * modules whose paths end so, and `use_rslora`, which divides by the root of the rank (Kalajdzievski 2023, "A rank stabilization
 * scaling factor for fine-tuning with LoRA", theorem 3.2).
 *
 * Throws PackError for a pattern that is more than a path.
 */
export function readPeftSettings(metadata: ReadonlyMap<string, string>): PeftSettings {
  const settings = parse(metadata.get(KEY));
  const targets = new Map<LoraTarget, Component>();
  for (const [prefix, target] of COMPONENTS) {
    const own = readComponent(settings, prefix);
    if (own) targets.set(target, own);
  }
  return {
    alphaOf({ target, path }, rank) {
      const own = targets.get(target);
      if (!own) return null;
      const pattern = own.patterns.find(([end]) => path === end || path.endsWith(`.${end}`));
      const alpha = pattern ? pattern[1] : own.alpha;
      return own.isRankStabilized ? alpha * Math.sqrt(rank) : alpha;
    },
  };
}

interface Component {
  readonly alpha: number;
  readonly patterns: readonly (readonly [end: string, alpha: number])[];
  readonly isRankStabilized: boolean;
}

function readComponent(settings: ReadonlyMap<string, unknown>, prefix: string): Component | null {
  const alpha = settings.get(`${prefix}lora_alpha`);
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) return null;
  const patterns: [string, number][] = [];
  for (const [end, value] of Object.entries(Object(settings.get(`${prefix}alpha_pattern`)))) {
    if (!/^[\w.]+$/.test(end) || typeof value !== 'number' || !Number.isFinite(value)) {
      throw new PackError(
        'unsupported',
        `${KEY}: ${prefix}alpha_pattern ${JSON.stringify(end.slice(0, 120))} is not a path with an alpha.`,
      );
    }
    patterns.push([end, value]);
  }
  return { alpha, patterns, isRankStabilized: settings.get(`${prefix}use_rslora`) === true };
}

function parse(text: string | undefined): ReadonlyMap<string, unknown> {
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(Object(JSON.parse(text))));
  } catch {
    return new Map();
  }
}
