import { parseArgs } from 'node:util';
import { z } from 'zod';
import { upscaleScaleSchema } from '../../shared/contracts/recipe.ts';
import { UsageError } from './run-command.ts';

export const UPSCALE_USAGE = `Usage: npx gesso upscale FILE --out FILE.png [options]

  FILE                  a PNG, JPEG or WebP picture; what is transparent stays so
  --scale N             2 or 4 times as wide and high (4); at most 4096 pixels a side are made
  --pack ID             the model to use (house-image)
  --json                describe what was made as JSON on standard output
`;

const optionsSchema = z.object({
  file: z.string().min(1),
  out: z.string().regex(/\.png$/i),
  scale: z.string().trim().min(1).transform(Number).pipe(upscaleScaleSchema).default(4),
  pack: z.string().min(1).default('house-image'),
  json: z.boolean().default(false),
});
export type UpscaleOptions = z.infer<typeof optionsSchema>;

/** Reads the command line. Returns 'help' when it asks for help; throws UsageError otherwise when it is not right. */
export function parseUpscaleOptions(args: readonly string[]): UpscaleOptions | 'help' {
  const { values, positionals } = parseCommandLine(args);
  if (values.help === true) return 'help';
  const [file, ...others] = positionals;
  if (file === undefined) throw new UsageError('The picture to enlarge is missing.');
  if (others.length > 0) {
    throw new UsageError(`One picture is enlarged at a time (got ${positionals.length}).`);
  }
  if (values.out === undefined) {
    throw new UsageError('--out FILE.png is missing: it says where to put the picture.');
  }
  const parsed = optionsSchema.safeParse({ ...values, file });
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map(describeIssue).join('\n'));
}

function parseCommandLine(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: text,
        scale: text,
        pack: text,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** What each option takes, in words. */
const TAKES: Readonly<Record<string, string>> = {
  out: 'the name of a .png file',
  scale: '2 or 4',
  pack: 'the id of a model',
};

function describeIssue(issue: z.core.$ZodIssue): string {
  const option = String(issue.path[0]);
  return `--${option} takes ${TAKES[option] ?? issue.message}.`;
}
