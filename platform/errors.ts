/**
 * The one list of things that go wrong. `status` is the HTTP status, `close` the websocket close code where a socket
 * can meet it: 44xx is final (the client stops), 45xx means try again.
 */
export const errorCodes = {
  bad_input: { status: 400, close: 4400 },
  not_signed_in: { status: 401, close: 4401 },
  not_allowed: { status: 403, close: 4403 },
  not_found: { status: 404, close: 4404 },
  conflict: { status: 409, close: 4409 },
  gone: { status: 410, close: 4410 },
  too_large: { status: 413, close: 4413 },
  unsupported_media: { status: 415, close: undefined },
  too_many: { status: 429, close: 4529 },
  cancelled: { status: 499, close: undefined },
  internal: { status: 500, close: 4500 },
  unavailable: { status: 503, close: 4503 },
  out_of_space: { status: 507, close: 4507 },
} as const satisfies Record<string, { status: number; close: number | undefined }>;

export type ErrorCode = keyof typeof errorCodes;

/**
 * An error that a person may meet. `message` says what happened, `fix` what to do about it; both are shown.
 * What belongs to somebody else is reported as `not_found`, never as `not_allowed`.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly fix: string | undefined;
  /** After so many seconds the same request may succeed. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly fix?: string; readonly cause?: unknown; readonly retryAfterSeconds?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.fix = options.fix;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Narrows anything thrown to an AppError; what is not one becomes `internal` and keeps the original as its cause. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (isOutOfSpace(thrown)) {
    return new AppError('out_of_space', 'The disk is full, so nothing was saved.', {
      fix: 'Free some space on the disk that holds GESSO_HOME, then try again.',
      cause: thrown,
    });
  }
  return new AppError('internal', 'Something went wrong on our side.', { fix: 'Try again.', cause: thrown });
}

function isOutOfSpace(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOSPC' || thrown.code === '53100');
}
