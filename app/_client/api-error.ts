/** What a plain route (sign in, upload) answered instead of doing it. */
export class ApiError extends Error {
  readonly code: string;
  readonly fix: string | null;
  readonly status: number;

  constructor(options: {
    readonly code: string;
    readonly message: string;
    readonly fix: string | null;
    readonly status: number;
  }) {
    super(options.message);
    this.name = 'ApiError';
    this.code = options.code;
    this.fix = options.fix;
    this.status = options.status;
  }
}
