import { parseArgs } from 'node:util';
import { z } from 'zod';
import { arithmeticSchema } from '../../shared/contracts/recipe.ts';
import { UsageError } from '../gesso/run-command.ts';

export const EVALUATE_USAGE = `Usage: npx gesso evaluate PACK [options]

  PACK              an installed pack's id, or a folder with a model.json
  --prompts N       how many of the 1,000 prompts, 10 … 1000 (1000)
  --steps N         1 … 50 (the pack's own number when absent)
  --guidance N      0 … 30 (the pack's own number when absent)
  --arithmetic NAME exact or int8, for packs that have a graph for it (exact)
  --only PART,…     composition, steps, controls, repaint, enlarge, edit,
                    reference, copies, sheet (all when absent)
  --out DIR         where results.json, sheet.webp and the page of pictures go (./evaluation)
  --json            print the results as JSON instead of a table
`;

export const PARTS = [
  'composition',
  'steps',
  'controls',
  'repaint',
  'enlarge',
  'edit',
  'reference',
  'copies',
  'sheet',
] as const;
export type Part = (typeof PARTS)[number];

const number = (schema: z.ZodNumber) => z.string().trim().min(1).transform(Number).pipe(schema).optional();

const schema = z.object({
  pack: z.string().min(1, 'name a pack, for example house-image'),
  prompts: number(z.number().int().min(10).max(1000)).transform((value) => value ?? 1000),
  steps: number(z.number().int().min(1).max(50)),
  guidance: number(z.number().min(0).max(30)),
  arithmetic: arithmeticSchema.default('exact'),
  only: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(PARTS)))
    .default([...PARTS]),
  out: z.string().min(1).default('evaluation'),
  json: z.boolean().default(false),
});
export type EvaluateOptions = z.infer<typeof schema>;

/** Reads the command line. Throws UsageError naming the first argument that is not right. */
export function parseEvaluateOptions(args: readonly string[]): EvaluateOptions | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        prompts: text,
        steps: text,
        guidance: text,
        arithmetic: text,
        only: text,
        out: text,
        json: flag,
        help: flag,
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    return 'help';
  }
  if (positionals.length > 1) {
    throw new UsageError('This command takes one pack.');
  }
  const result = schema.safeParse({ ...values, pack: positionals[0] ?? '' });
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new UsageError(`${issue.path[0] === 'pack' ? '' : '--'}${issue.path.join('.')}: ${issue.message}`);
  }
  return result.data;
}
