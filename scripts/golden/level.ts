/** What a case found: nothing, or one sentence with the measured error. */
export type Verdict = string | null;

export interface GoldenCase {
  readonly id: string;
  /** Returns null when the case holds. Throwing counts as a failure with the error's message. */
  readonly run: () => Verdict | Promise<Verdict>;
}

/** One level of the reference suite. */
export interface Level {
  readonly name: string;
  /** The cases found under the suite's folder `dir`; none when the folder lacks the level. */
  readonly cases: (dir: string) => readonly GoldenCase[] | Promise<readonly GoldenCase[]>;
}

export interface LevelResult {
  readonly name: string;
  readonly passed: number;
  readonly failures: readonly string[];
}

/** Runs every case of a level in order, telling `onFailure` one line for each that fails. */
export async function runLevel(
  level: Level,
  dir: string,
  onFailure: (line: string) => void = () => {},
): Promise<LevelResult> {
  const failures: string[] = [];
  const cases = await level.cases(dir);
  for (const golden of cases) {
    const verdict = await verdictOf(golden);
    if (verdict === null) continue;
    const line = `${level.name} ${golden.id}: ${verdict}`;
    failures.push(line);
    onFailure(line);
  }
  return { name: level.name, passed: cases.length - failures.length, failures };
}

async function verdictOf(golden: GoldenCase): Promise<Verdict> {
  try {
    return await golden.run();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}
