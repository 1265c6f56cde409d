import type * as Y from 'yjs';
import { rootsOf } from './canvas.ts';
import { type Candidate, candidateSchema, outputIdSchema } from './schema.ts';

/**
 * Puts a finished picture into the staging strip. Set if absent: whoever already has this output id, staged, accepted
 * or discarded, keeps it, so a retried job adds nothing twice. Returns whether anything changed.
 */
export function stageCandidate(doc: Y.Doc, candidate: Candidate): boolean {
  const { id, ...value } = candidate;
  const { candidates } = rootsOf(doc);
  if (candidates.has(outputIdSchema.parse(id))) return false;
  candidates.set(id, candidateSchema.parse(value));
  return true;
}
