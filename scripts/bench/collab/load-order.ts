import { z } from 'zod';

/** What one run of the load asks for: `rooms` canvases with `people` in each, `perSecond` edits a person. */
export const loadOrderSchema = z.object({
  framing: z.enum(['y-websocket', 'hocuspocus']),
  perSecond: z.number(),
  warmUpSeconds: z.number(),
  seconds: z.number(),
  origin: z.string(),
  /** One list of socket addresses a room; a Hocuspocus room needs its name as well. */
  rooms: z.array(z.object({ name: z.string(), urls: z.array(z.string()) })),
});
export type LoadOrder = z.infer<typeof loadOrderSchema>;

/** Milliseconds; null when nothing of the kind was measured. */
export const quantilesSchema = z.object({ p50: z.number(), p99: z.number() }).nullable();
export type Quantiles = z.infer<typeof quantilesSchema>;

export const loadReportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('measuring') }),
  z.object({
    kind: z.literal('done'),
    /** From the edit to its arrival at somebody else in the room. */
    propagation: quantilesSchema,
    /** From the edit to the server's word that it is committed. */
    acknowledgement: quantilesSchema,
    editsPerSecond: z.number(),
    framesPerSecond: z.number(),
    /** Share of the edits that arrived at those who were watched, 0 to 1. */
    delivered: z.number(),
    closed: z.number(),
  }),
]);
export type LoadReport = z.infer<typeof loadReportSchema>;
