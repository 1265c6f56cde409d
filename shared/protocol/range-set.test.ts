import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeSet } from './range-set.ts';

const rangeArbitrary = fc.record({
  client: fc.integer({ min: 0, max: 2 }),
  clock: fc.integer({ min: 0, max: 30 }),
  length: fc.integer({ min: 0, max: 10 }),
});

test('it holds the points that a plain set of points holds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ range: rangeArbitrary, adds: fc.boolean() }), { maxLength: 40 }),
      (steps) => {
        const ranges = new RangeSet();
        const points = new Set<string>();
        for (const { range, adds } of steps) {
          if (adds) ranges.add(range);
          else ranges.remove(range);
          for (let at = range.clock; at < range.clock + range.length; at += 1) {
            if (adds) points.add(`${range.client}:${at}`);
            else points.delete(`${range.client}:${at}`);
          }
        }
        const held = ranges
          .ranges()
          .flatMap(({ client, clock, length }) =>
            Array.from({ length }, (_, index) => `${client}:${clock + index}`),
          );
        expect(held.sort()).toEqual([...points].sort());
        expect(ranges.isEmpty).toBe(points.size === 0);
      },
    ),
  );
});
