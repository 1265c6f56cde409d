/** Lets `burst` units through at once and `perSecond` in the long run. Time comes from the caller, in milliseconds. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #level: number;
  #at: number;

  constructor(rate: { readonly perSecond: number; readonly burst: number }, now: number) {
    this.#perSecond = rate.perSecond;
    this.#burst = rate.burst;
    this.#level = rate.burst;
    this.#at = now;
  }

  /** Takes `units` if they are there; false, and nothing taken, when they are not. */
  take(units: number, now: number): boolean {
    this.#level = Math.min(
      this.#burst,
      this.#level + (Math.max(0, now - this.#at) / 1_000) * this.#perSecond,
    );
    this.#at = now;
    if (this.#level < units) return false;
    this.#level -= units;
    return true;
  }
}
