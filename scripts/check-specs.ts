import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Every SPEC.md numbers its rules `[R1]`, `[Q3]` … at the start of a list item; tests cite them in their names. This
 * prints rules that no test cites and citations of rules that do not exist, and fails on either.
 */
const root = join(import.meta.dirname, '..');
const ignored = ['node_modules/**', '.next/**'];
const problems: string[] = [];
let rules = 0;

for (const spec of globSync('**/SPEC.md', { cwd: root, exclude: ignored })) {
  const declared = new Set(
    [...readFileSync(join(root, spec), 'utf8').matchAll(/^\s*[-*]\s+\*{0,2}\[([A-Z]+\d+)\]/gm)].map(
      (match) => match[1],
    ),
  );
  const prefixes = new Set([...declared].map((id) => id.replace(/\d+$/, '')));
  const cited = new Set<string>();
  for (const file of globSync(`${dirname(spec)}/**/*.test.ts`, { cwd: root, exclude: ignored })) {
    for (const match of readFileSync(join(root, file), 'utf8').matchAll(/\[([A-Z]+\d+)\]/g)) {
      const id = match[1];
      if (!prefixes.has(id.replace(/\d+$/, ''))) continue;
      cited.add(id);
      if (!declared.has(id)) problems.push(`${file} cites [${id}], which ${spec} does not have`);
    }
  }
  for (const id of declared) if (!cited.has(id)) problems.push(`${spec}: no test cites [${id}]`);
  rules += declared.size;
}

process.stdout.write(`${rules} rules\n`);
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.exitCode = problems.length > 0 || rules === 0 ? 1 : 0;
