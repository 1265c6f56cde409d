import type { ContentRanges } from '../../../shared/protocol/content-ranges.ts';
import { RangeSet } from '../../../shared/protocol/range-set.ts';

interface Ledger {
  readonly inserted: RangeSet;
  readonly deleted: RangeSet;
}

/**
 * Which local edits the server has not committed yet. Edits are entered as they are made and struck out as they are
 * acknowledged, by what they insert and delete; a sync step 2 carries all that was entered before it, so its
 * acknowledgement strikes out all of that at once.
 */
export class Unsaved {
  #current: Ledger = emptyLedger();
  /** One for each sync step 2 that is under way: what it covers. */
  #covered: Ledger[] = [];
  /** Whether this connection's first sync step 2 has been acknowledged: until then we cannot know what the server lacks. */
  #reconciled = false;

  get isEmpty(): boolean {
    return this.#reconciled && [this.#current, ...this.#covered].every(isEmptyLedger);
  }

  enter(ranges: ContentRanges): void {
    for (const range of ranges.inserted) this.#current.inserted.add(range);
    for (const range of ranges.deleted) this.#current.deleted.add(range);
  }

  strikeOut(ranges: ContentRanges): void {
    for (const ledger of [this.#current, ...this.#covered]) {
      for (const range of ranges.inserted) ledger.inserted.remove(range);
      for (const range of ranges.deleted) ledger.deleted.remove(range);
    }
  }

  /** A sync step 2 leaves now. */
  answerSent(): void {
    this.#covered.push(this.#current);
    this.#current = emptyLedger();
  }

  /** The oldest sync step 2 that was under way is committed. */
  answerCommitted(): void {
    this.#covered.shift();
    this.#reconciled = true;
  }

  /** The connection may not write, so the server never asks and there is nothing to wait for. */
  nothingToReconcile(): void {
    this.#reconciled = true;
  }

  /** What was under way may have been lost: the next connection's sync step 2 brings it again. */
  disconnected(): void {
    for (const ledger of this.#covered) {
      for (const range of ledger.inserted.ranges()) this.#current.inserted.add(range);
      for (const range of ledger.deleted.ranges()) this.#current.deleted.add(range);
    }
    this.#covered = [];
    this.#reconciled = false;
  }
}

function emptyLedger(): Ledger {
  return { inserted: new RangeSet(), deleted: new RangeSet() };
}

function isEmptyLedger(ledger: Ledger): boolean {
  return ledger.inserted.isEmpty && ledger.deleted.isEmpty;
}
