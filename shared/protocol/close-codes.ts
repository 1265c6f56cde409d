/**
 * Why the collab server closes a socket. 44xx is final: the stock y-websocket client stops and tells. Everything else
 * means: keep your edits and come back. The numbers are those of platform/errors, which browsers cannot import.
 */
export const closeCodes = {
  /** The message is not of this protocol, or its content could never be applied. */
  badInput: 4400,
  /** The ticket is missing, unknown, expired or used; or the session has ended. */
  notSignedIn: 4401,
  /** The person may no longer see this canvas, or wrote under somebody else's client id. */
  notAllowed: 4403,
  notFound: 4404,
  /** The document was rebuilt under a newer epoch: load the page again. */
  conflict: 4409,
  /** Too much at once: wait and come back. */
  tooMany: 4529,
  internal: 4500,
  /** The database cannot be reached, or the server is not ready. */
  unavailable: 4503,
  /** RFC 6455: the server restarts. */
  restart: 1012,
} as const;

/** A final close code, as a reason that a page can explain. Null for codes that mean "come back". */
export function finalReason(
  code: number,
): 'bad-input' | 'signed-out' | 'not-allowed' | 'not-found' | 'outdated' | 'too-large' | null {
  switch (code) {
    case closeCodes.badInput:
      return 'bad-input';
    case closeCodes.notSignedIn:
      return 'signed-out';
    case closeCodes.notAllowed:
      return 'not-allowed';
    case closeCodes.notFound:
      return 'not-found';
    case closeCodes.conflict:
      return 'outdated';
    // RFC 6455 "message too big": coming back with the same message would be refused again, for ever.
    case 1009:
      return 'too-large';
    default:
      return code >= 4400 && code < 4500 ? 'bad-input' : null;
  }
}
