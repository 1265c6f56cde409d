import type { GenerationMode, Recipe } from '../../../shared/contracts/recipe.ts';

/** A person as history and queue name them. */
export interface PersonView {
  readonly id: string;
  readonly name: string;
}

/** One finished picture of a generation. */
export interface OutputView {
  readonly id: string;
  readonly url: string | null;
  readonly downloadUrl: string | null;
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly recipe: Recipe;
}

/** One press of Generate and what came of it. */
export interface GenerationView {
  readonly id: string;
  readonly mode: GenerationMode;
  readonly strength: number;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly requestedBy: PersonView;
  readonly createdAt: Date;
  readonly outputs: readonly OutputView[];
}

/** Something a generation was made from. */
export interface InputView {
  readonly id: string;
  readonly role: 'source' | 'mask' | 'layer' | 'parent';
  readonly url: string | null;
}
