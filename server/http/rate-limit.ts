import type { Clock } from '../../platform/clock.ts';
import { AppError } from '../../platform/errors.ts';

export interface Rate {
  /** Units at once. */
  readonly burst: number;
  /** Units in the long run. */
  readonly perSecond: number;
}

/** Token buckets by key, a person's id. */
export interface RateLimiter {
  /** Takes one unit. Throws AppError `too_many`, and takes nothing, when there is none; it says when there will be. */
  take(key: string): void;
}

/** What one person may ask of one web process. Far beyond what hands do; it stops a script that runs away. */
export interface RequestLimits {
  readonly mutations: RateLimiter;
  readonly uploads: RateLimiter;
}

export const requestRates = {
  mutations: { burst: 120, perSecond: 10 },
  uploads: { burst: 300, perSecond: 5 },
} as const satisfies Record<keyof RequestLimits, Rate>;

export function createRequestLimits(clock: Clock): RequestLimits {
  return {
    mutations: createRateLimiter(requestRates.mutations, clock),
    uploads: createRateLimiter(requestRates.uploads, clock),
  };
}

interface Bucket {
  readonly level: number;
  /** Milliseconds of the clock at which the level was right. */
  readonly at: number;
}

/** Keys remembered before those whose bucket is full again are forgotten. */
const sweepBeyond = 1_000;

/** Lives in the memory of this process: with several web processes, each allows as much. */
export function createRateLimiter(rate: Rate, clock: Clock): RateLimiter {
  const buckets = new Map<string, Bucket>();
  let sweepAt = sweepBeyond;

  const levelAt = (bucket: Bucket, now: number) =>
    Math.min(rate.burst, bucket.level + (Math.max(0, now - bucket.at) / 1_000) * rate.perSecond);

  function sweep(now: number): void {
    if (buckets.size < sweepAt) return;
    for (const [key, bucket] of buckets) if (levelAt(bucket, now) >= rate.burst) buckets.delete(key);
    sweepAt = Math.max(sweepBeyond, buckets.size * 2);
  }

  return {
    take(key) {
      const now = clock.now().getTime();
      sweep(now);
      const bucket = buckets.get(key);
      const level = bucket === undefined ? rate.burst : levelAt(bucket, now);
      // Written down even when refused, so that a clock that was set back costs nobody the difference.
      buckets.set(key, { level: level < 1 ? level : level - 1, at: now });
      if (level < 1) throw tooMany(Math.ceil((1 - level) / rate.perSecond));
    },
  };
}

function tooMany(seconds: number): AppError {
  return new AppError('too_many', 'Too many requests in a short time, so this one was not carried out.', {
    fix: `Wait ${seconds} s, then try again.`,
    retryAfterSeconds: seconds,
  });
}
