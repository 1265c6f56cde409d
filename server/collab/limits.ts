/** The numbers of SPEC.md in one place. Times in milliseconds, sizes in bytes. */

/** [U6] Largest message that a client may send. */
export const largestMessage = 4 * 1024 * 1024;
/** [M6] Unread bytes on a socket before it is terminated. */
export const largestBacklog = 8 * 1024 * 1024;
/** [U6] Time between pings; a socket that has not answered the last one is cut. */
export const pingInterval = 15_000;
/** [U3] Sockets in the act of opening per address, open sockets per user and canvas, and per process. */
export const mostOpening = 64;
export const mostPerUserAndCanvas = 20;
export const mostConnections = 5_000;

/** [M5] Edits, messages of any kind, and bytes: per second, and at once. */
export const editRate = { perSecond: 240, burst: 600 };
export const messageRate = { perSecond: 2_000, burst: 6_000 };
export const byteRate = { perSecond: 8 * 1024 * 1024, burst: 16 * 1024 * 1024 };

/** [E1] Longest struct whose length is only claimed (collected or deleted content), and most structs in one update. */
export const longestUnbackedStruct = 4_194_304;
export const mostStructs = 100_000;
/** [E2] New client ids that one connection may bring: one, plus those of earlier page loads made offline. */
export const mostNewClients = 64;

/** [A1], [A2], [A5] */
export const largestAwareness = 4_096;
export const awarenessRate = { perSecond: 30, burst: 60 };
export const mostAwarenessClients = 4;
export const awarenessInterval = 33;
/** A state of another instance that is not renewed goes after this long, as in y-protocols. */
export const awarenessLifetime = 35_000;

/** [E7] Most bytes and rows in one insert. */
export const largestBatch = 8 * 1024 * 1024;
export const mostBatchRows = 2_000;

/** [R4] */
export const rowsBeforeCompaction = 500;
export const compactionPause = 10_000;
/** [R1] How long an empty room waits for somebody to come back: a page that reloads. */
export const emptyRoomPatience = 10_000;
/** Messages that a socket may send while its room loads. */
export const mostWaitingMessages = 1_000;

/** [E10] */
export const touchPause = 10_000;
/** [X2], [X3] */
export const sessionCheckInterval = 1_500;
export const accessCheckInterval = 30_000;
/** [O2] */
export const outboxInterval = 3_000;
/** [S2] How often an instance says which message it sent last. */
export const heartbeatInterval = 4_000;
/** [G1] */
export const stopPatience = 10_000;
/** Longest a query may take before the database counts as unreachable. */
export const queryPatience = 10_000;
/** [B1] Strokes in a mask's tail before it is baked, and those that stay because somebody may undo them. */
export const strokesBeforeBaking = 200;
export const newestStrokesKept = 50;
export const strokeAgeKept = 300_000;
/** [B1] How often rooms are looked through. */
export const bakeInterval = 15_000;
