import { type Logger, pino } from 'pino';
import { readEnv } from './env.ts';

export type Log = Logger;

/** A structured logger that names the part of Gesso that speaks. Secrets never go in: ids only. */
export function createLog(part: string): Log {
  return pino({
    name: part,
    level: readEnv().LOG_LEVEL,
    base: { part },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
