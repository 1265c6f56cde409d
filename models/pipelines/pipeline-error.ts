/**
 * Why a request cannot be made into a picture.
 * - `bad-input`: the request contradicts itself or is out of range; asking differently helps;
 * - `unsupported`: the pack has not learned what is asked; another pack may have.
 */
export type PipelineErrorCode = 'bad-input' | 'unsupported';

/** The message is one sentence that a person can act on. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  readonly code: PipelineErrorCode;

  constructor(code: PipelineErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
