import type { GenerationMode } from '../../../shared/contracts/recipe.ts';
import type { PersonView } from '../history/view.ts';

/** A generation that waits, runs, or did not work, as the queue shows it. */
export interface QueueEntryView {
  readonly id: string;
  readonly state: 'queued' | 'running' | 'failed';
  readonly mode: GenerationMode;
  readonly prompt: string;
  readonly count: number;
  readonly requestedBy: PersonView;
  /** 1 is next; null while it runs or when it is not known. */
  readonly position: number | null;
  /** Milliseconds until it should be done. */
  readonly remainingMs: number | null;
  /** 0 … 1 while it runs. */
  readonly progress: number | null;
  readonly preview: string | null;
  readonly canvas: { readonly id: string; readonly name: string } | null;
  readonly problem: { readonly message: string; readonly fix: string | null } | null;
  readonly mayCancel: boolean;
}
