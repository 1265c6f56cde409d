import path from 'node:path';
import { BrownianNoise } from '../../models/core/random/brownian-tree.ts';
import { seedWords } from '../../models/core/random/seed-sequence.ts';
import { absolute, firstOf, sameHash, within } from './compare.ts';
import type { GoldenCase, Level } from './level.ts';
import { readJson } from './stored.ts';

interface SeedCase {
  readonly entropy: string;
  readonly spawn_key: readonly string[];
  readonly pool_size: number;
  readonly words: readonly number[];
}

interface Query {
  readonly from: number;
  readonly to: number;
  readonly sha256: string;
  readonly probe_index: readonly number[];
  readonly probe_value: readonly number[];
}

interface TreeCase {
  readonly name: string;
  readonly seed?: string;
  /** One seed for each picture of the batch. */
  readonly seeds?: readonly string[];
  readonly shape: readonly number[];
  readonly sigma_min: number;
  readonly sigma_max: number;
  /** Asked of one tree in this order. */
  readonly queries: readonly Query[];
}

interface Suite {
  readonly seed_sequence: readonly SeedCase[];
  readonly cases: readonly TreeCase[];
}

/** Seeds of the Brownian tree and its noise, bit for bit. */
export const level: Level = {
  name: 'brownian',
  cases(dir) {
    const suite = readJson<Suite>(path.join(dir, 'rng'), 'brownian.json');
    return suite ? [...suite.seed_sequence.map(seedCase), ...suite.cases.map(treeCase)] : [];
  },
};

function seedCase(golden: SeedCase): GoldenCase {
  const { entropy, spawn_key, pool_size: poolSize, words } = golden;
  return {
    id: `seed sequence of ${entropy} at ${spawn_key.join(', ') || 'the root'}`,
    run: () =>
      within(
        'words',
        seedWords({ entropy: BigInt(entropy), spawnKey: spawn_key.map(Number), poolSize }, words.length),
        words,
        absolute(0),
      ),
  };
}

function treeCase(golden: TreeCase): GoldenCase {
  const { name, shape, seeds = [], seed = '' } = golden;
  return {
    id: `${name}, seed ${seed || seeds.join(' ')}, shape ${shape.join('×')}`,
    run() {
      const noise = new BrownianNoise({
        sigmaMin: golden.sigma_min,
        sigmaMax: golden.sigma_max,
        seed: seeds.length > 0 ? seeds.map(BigInt) : BigInt(seed),
        like: new Float32Array(shape.reduce((size, side) => size * side, 1)),
      });
      return firstOf(
        ...golden.queries.map(({ from, to, sha256, probe_index, probe_value }) => {
          const what = `noise from ${from} to ${to}`;
          const drawn = noise.between(from, to);
          const probes = probe_index.map((at) => drawn[at]);
          return (
            within(`${what} (probes)`, probes, probe_value, absolute(0)) ?? sameHash(what, drawn, sha256)
          );
        }),
      );
    },
  };
}
