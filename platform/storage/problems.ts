import type { ContentHash } from '../../shared/document/schema.ts';
import { AppError } from '../errors.ts';

export function wrongHash(hash: ContentHash): AppError {
  return new AppError('bad_input', `The file is not the one named ${short(hash)}.`);
}

export function missingFile(hash: ContentHash): AppError {
  return new AppError('not_found', `The file ${short(hash)} is not in the asset store.`, {
    fix: 'Restore GESSO_HOME/assets (or the S3 bucket) from a backup.',
  });
}

export function changedBytes(hash: ContentHash): AppError {
  return new AppError('internal', `The file ${short(hash)} has changed on disk since it was stored.`, {
    fix: 'Restore it from a backup; until then it is not shown, so that nobody works on a damaged picture.',
  });
}

function short(hash: ContentHash): string {
  return hash.slice(0, 12);
}
