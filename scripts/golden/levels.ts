import type { Level } from './level.ts';

/** Loads every level of the suite, in the order it is run. One file a level. */
export async function loadLevels(): Promise<readonly Level[]> {
  const modules = await Promise.all([
    import('./rng.ts'),
    import('./brownian.ts'),
    import('./tables.ts'),
    import('./schedules.ts'),
    import('./steps.ts'),
    import('./add-noise.ts'),
    import('./discrete.ts'),
    import('./geometry.ts'),
    import('./gaussian.ts'),
    import('./tokenizers.ts'),
    import('./pipelines.ts'),
  ]);
  return modules.map((module) => module.level);
}
