/** Signed links to pictures live for five minutes at least; lists that hold some are read again before that. */
export const linkLifeMs = 4 * 60_000;
