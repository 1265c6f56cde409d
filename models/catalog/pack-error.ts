/**
 * Why a pack cannot be used.
 * - `not-found`: there is no such pack or folder;
 * - `invalid-manifest`: model.json is missing, unreadable or says something this version does not understand;
 * - `unsafe`: the folder holds something that must not be opened (a link, a pickle, data outside the folder …);
 * - `damaged`: a file is missing, or its size or hash is not what model.json promises;
 * - `unsupported`: the folder is sound, but no pipeline here can run it.
 */
export type PackErrorCode = 'not-found' | 'invalid-manifest' | 'unsafe' | 'damaged' | 'unsupported';

export class PackError extends Error {
  override readonly name = 'PackError';
  readonly code: PackErrorCode;

  constructor(code: PackErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
