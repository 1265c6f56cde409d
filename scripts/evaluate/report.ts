import type { Arithmetic } from '../../shared/contracts/recipe.ts';
import type { Row, Section } from './bench.ts';

/** Everything one run found out; results.json. */
export interface Report {
  readonly pack: {
    readonly id: string;
    readonly version: string;
    readonly sha256: string;
    readonly evalLoss: number | null;
  };
  /** The house-CLIP, where the pack has one. */
  readonly clip: { readonly sha256: string; readonly accuracy: Readonly<Record<string, number>> } | null;
  readonly parser: { readonly sha256: string; readonly accuracy: Readonly<Record<string, number>> };
  readonly settings: {
    readonly prompts: number;
    readonly steps: number;
    readonly guidanceScale: number;
    readonly arithmetic: Arithmetic;
  };
  readonly machine: string;
  readonly date: string;
  readonly seconds: number;
  readonly sections: readonly Section[];
}

/** Returns the report as JSON; the pictures are on the page, not in here. */
export function formatJson(report: Report): string {
  const sections = report.sections.map(({ title, about, rows }) => ({
    title,
    about,
    rows: rows.map((row) => ({ ...row, made: round(row.made), composed: roundOrNull(row.composed) })),
  }));
  return `${JSON.stringify({ ...report, sections }, null, 2)}\n`;
}

/** Returns the report as plain text for a terminal. */
export function formatTable(report: Report): string {
  const { pack, settings } = report;
  const names = report.sections.flatMap(({ rows }) => rows.map(({ name }) => name.length));
  const width = Math.max(...names, 10);
  const line = ({ name, made, composed, n }: Row): string => {
    const right = composed === null ? '' : formatNumber(composed);
    return `  ${name.padEnd(width)}  ${formatNumber(made).padStart(9)}  ${right.padStart(9)}  ${String(n).padStart(5)}`;
  };
  const head = `  ${''.padEnd(width)}  ${'samples'.padStart(9)}  ${'composed'.padStart(9)}  ${'n'.padStart(5)}`;
  const parts = report.sections
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) => `${title}\n${head}\n${rows.map(line).join('\n')}\n`);
  const title = `${pack.id} ${pack.version}, ${settings.steps} steps, guidance ${settings.guidanceScale}`;
  return `${title}, ${settings.arithmetic} arithmetic, ${settings.prompts} prompts, ${report.seconds.toFixed(0)} s\n\n${parts.join('\n')}`;
}

export function formatNumber(value: number): string {
  return String(round(value));
}

function round(value: number): number {
  return Number(value.toFixed(Math.abs(value) < 10 ? 3 : 2));
}

function roundOrNull(value: number | null): number | null {
  return value === null ? null : round(value);
}
