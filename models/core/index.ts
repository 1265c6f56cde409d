/**
 * The diffusion core as a library: schedules, solvers, guidance, hooks, random numbers, and the processes that are not
 * gaussian. docs/core.md has the tour. Nothing here does input or output.
 */
export type { ReadScheduler } from './config/read.ts';
export { readScheduler, schedulers } from './config/read.ts';
export { cosineAlpha, geometricAlpha, linearAlpha, loglinearAlpha } from './discrete/alpha.ts';
export { D3pm, evenBeta } from './discrete/d3pm.ts';
export { maskedDiffusion, maskedPosterior, maskgitCounts } from './discrete/mdlm.ts';
export { drive, driveAsync } from './drive.ts';
export { igso3AngleDensity, igso3Density, igso3Score } from './geometry/igso3.ts';
export { moleculeCorruption, moleculeSchedule, moleculeStep } from './geometry/molecule.ts';
export { multiplyRotations, quaternionOfVector, rotationOfVector } from './geometry/rotation.ts';
export { torusCorruption, torusSigma, wrapAngle, wrappedNormal } from './geometry/torus.ts';
export { removeCentreOfMass, zeroComLogDensity, zeroComNoise } from './geometry/zero-com.ts';
export { classifierFree } from './guidance/classifier-free.ts';
export { dualGuidance } from './guidance/dual.ts';
export { perFrameGuidance } from './guidance/per-frame.ts';
export { replaceHook } from './hooks/replace.ts';
export { scoreDistillation } from './hooks/score-distillation.ts';
export { toNoise, toOriginal } from './prediction.ts';
export { BrownianNoise } from './random/brownian-tree.ts';
export { GeneratorList } from './random/generator-list.ts';
export { PhiloxGenerator } from './random/philox.ts';
export { TorchGenerator } from './random/torch-generator.ts';
export { shiftForLength } from './schedule/flow.ts';
export type * from './types.ts';
