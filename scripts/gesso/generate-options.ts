import { parseArgs } from 'node:util';
import { z } from 'zod';
import {
  arithmeticSchema,
  controlKindSchema,
  controlRangeSchema,
  controlStrengthSchema,
  imageGuidanceScaleSchema,
  imageSolverSchema,
  seedSchema,
  wholeRange,
} from '../../shared/contracts/recipe.ts';
import { UsageError } from './run-command.ts';

export const GENERATE_USAGE = `Usage: npx gesso generate "PROMPT" --out FILE.png [options]

  --seed N              the same seed gives the same picture (0 … 4294967295; random when absent)
  --size N              width and height in pixels, 64 … 1024 (256; with --source, its longer side)
  --width N --height N  instead of --size
  --steps N             1 … 50 (the pack's own number when absent)
  --guidance N          how closely to follow the prompt, 0 … 30
  --negative TEXT       what to stay away from
  --solver NAME         flow-euler or flow-heun
  --source FILE         start from this picture; where it is transparent, it is extended
  --mode MODE           image-to-image, inpaint, extend or instruct: needs --source; chosen from the pictures when
                        absent. instruct changes the source as the prompt says ("make the fox blue"), with a model
                        that can
  --strength X          how much of the source to repaint, 0 … 1
  --image-guidance N    for instruct: how closely to keep to the source, 0 … 10 (1.5)
  --mask FILE           repaint only where this picture is white
  --control KIND=FILE[:STRENGTH[:START-END]]
                        follow a map: edge, scribble, segmentation, depth or pose; may be given several times.
                        STRENGTH is 0 … 1 (1; control networks take up to 2), START and END say in which part
                        of the run (0-1)
  --derive edge=FILE[:STRENGTH[:START-END]]
                        the same with an edge map that is made from a picture
  --reference FILE[:STRENGTH]
                        follow what this picture shows, with a model that can; STRENGTH is 0 … 1 (1; IP-Adapters
                        take up to 2)
  --arithmetic NAME     exact, or int8 where the model has a graph for it: faster, and the picture differs slightly and
                        may differ between processors (exact)
  --count N             make N pictures with the seeds that follow, 1 … 64
  --pack ID             the model to use (house-image)
  --json                describe what was made as JSON on standard output
`;

const numberOption = (schema: z.ZodNumber) =>
  z.string().trim().min(1).transform(Number).pipe(schema).optional();

const sideOption = numberOption(z.number().int().min(64).max(1024));
const shareOption = numberOption(z.number().min(0).max(1));

/** Maps that can be made from a picture here. */
const derivedKindSchema = z.enum(['edge']);

const strengthText = z.string().min(1).transform(Number).pipe(controlStrengthSchema).default(1);
const rangeText = z
  .string()
  .regex(/^[\d.]+-[\d.]+$/)
  .transform((text): readonly [number, number] => {
    const dash = text.indexOf('-');
    return [Number(text.slice(0, dash)), Number(text.slice(dash + 1))];
  })
  .pipe(controlRangeSchema)
  .default(wholeRange);

/** KIND=FILE[:STRENGTH[:START-END]]. A file's name may have colons: only numbers at its end are taken off. */
function controlOption<Kind extends string>(kinds: z.ZodType<Kind>) {
  const parts = z.object({ kind: kinds, file: z.string().min(1), strength: strengthText, range: rangeText });
  return z.string().transform((text, context) => {
    const at = text.indexOf('=');
    const parsed = parts.safeParse({
      kind: text.slice(0, Math.max(at, 0)),
      ...splitFile(text.slice(at + 1)),
    });
    if (parsed.success) return parsed.data;
    context.addIssue({ code: 'custom', message: 'must be KIND=FILE' });
    return z.NEVER;
  });
}

function splitFile(text: string): {
  readonly file: string;
  readonly strength?: string | undefined;
  readonly range?: string | undefined;
} {
  const groups = /^(?<file>.+?)(?::(?<strength>-?[\d.]+)(?::(?<range>[\d.]+-[\d.]+))?)?$/.exec(text)?.groups;
  return { file: groups?.file ?? text, strength: groups?.strength, range: groups?.range };
}

const optionsSchema = z.object({
  prompt: z.string().max(2000),
  out: z.string().regex(/\.png$/i, 'must name a .png file'),
  seed: numberOption(seedSchema),
  size: sideOption,
  width: sideOption,
  height: sideOption,
  steps: numberOption(z.number().int().min(1).max(50)),
  guidance: numberOption(z.number().min(0).max(30)),
  negative: z.string().max(2000).default(''),
  solver: imageSolverSchema.optional(),
  source: z.string().min(1).optional(),
  strength: shareOption,
  mask: z.string().min(1).optional(),
  mode: z.enum(['image-to-image', 'inpaint', 'extend', 'instruct']).optional(),
  'image-guidance': numberOption(imageGuidanceScaleSchema),
  control: z.array(controlOption(controlKindSchema)).default([]),
  derive: z.array(controlOption(derivedKindSchema)).default([]),
  reference: z
    .string()
    .transform(splitFile)
    .pipe(z.object({ file: z.string().min(1), strength: strengthText }))
    .optional(),
  arithmetic: arithmeticSchema.default('exact'),
  count: numberOption(z.number().int().min(1).max(64)),
  pack: z.string().min(1).default('house-image'),
  json: z.boolean().default(false),
});
export type GenerateOptions = z.infer<typeof optionsSchema>;

/** Reads the command line. Returns 'help' when it asks for help; throws UsageError otherwise when it is not right. */
export function parseGenerateOptions(args: readonly string[]): GenerateOptions | 'help' {
  const { values, positionals } = parseCommandLine(args);
  if (values.help === true) {
    return 'help';
  }
  if (positionals.length !== 1) {
    throw new UsageError(
      positionals.length === 0
        ? 'The prompt is missing.'
        : `The prompt must be one argument: put it in quotes (got ${positionals.length}).`,
    );
  }
  const parsed = optionsSchema.safeParse({ ...values, prompt: positionals[0] });
  if (!parsed.success) {
    throw new UsageError(parsed.error.issues.map(describeIssue).join('\n'));
  }
  checkCombination(parsed.data);
  return parsed.data;
}

function parseCommandLine(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: joinNegativeNumbers(args),
      allowPositionals: true,
      options: {
        out: text,
        seed: text,
        size: text,
        width: text,
        height: text,
        steps: text,
        guidance: text,
        negative: text,
        solver: text,
        source: text,
        strength: text,
        mask: text,
        mode: text,
        'image-guidance': text,
        control: { ...text, multiple: true },
        derive: { ...text, multiple: true },
        reference: text,
        arithmetic: text,
        count: text,
        pack: text,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** `--seed -1` would read as two options; written as one, the range check can say what is wrong with it. */
function joinNegativeNumbers(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const previous = joined.at(-1);
    if (previous !== undefined && /^--[a-z-]+$/.test(previous) && /^-[0-9.]/.test(arg)) {
      joined[joined.length - 1] = `${previous}=${arg}`;
    } else {
      joined.push(arg);
    }
  }
  return joined;
}

/** What each option takes, in words. */
const TAKES: Readonly<Record<string, string>> = {
  prompt: 'at most 2000 characters',
  out: 'the name of a .png file',
  seed: 'a whole number from 0 to 4294967295',
  size: 'a whole number of pixels from 64 to 1024',
  width: 'a whole number of pixels from 64 to 1024',
  height: 'a whole number of pixels from 64 to 1024',
  steps: 'a whole number from 1 to 50',
  guidance: 'a number from 0 to 30',
  negative: 'at most 2000 characters',
  solver: 'flow-euler or flow-heun',
  strength: 'a number from 0 to 1',
  mode: 'image-to-image, inpaint, extend or instruct',
  'image-guidance': 'a number from 0 to 10',
  control:
    'KIND=FILE[:STRENGTH[:START-END]], where KIND is edge, scribble, segmentation, depth or pose, and START comes before END',
  derive:
    'edge=FILE[:STRENGTH[:START-END]], where START comes before END; only edge maps can be made from a picture',
  reference: 'FILE[:STRENGTH], where STRENGTH is a number from 0 to 2',
  arithmetic: 'exact or int8',
  count: 'a whole number from 1 to 64',
};

function describeIssue(issue: z.core.$ZodIssue): string {
  const option = String(issue.path[0]);
  const name = option === 'prompt' ? 'The prompt' : `--${option}`;
  if (option === 'out' && issue.code === 'invalid_type') {
    return '--out FILE.png is missing: it says where to put the picture.';
  }
  return `${name} takes ${TAKES[option] ?? issue.message}.`;
}

function checkCombination(options: GenerateOptions): void {
  if (options.size !== undefined && (options.width !== undefined || options.height !== undefined)) {
    throw new UsageError('Give either --size, or --width and --height.');
  }
  if ((options.width === undefined) !== (options.height === undefined)) {
    throw new UsageError('--width and --height belong together.');
  }
  if (options.source === undefined && options.mask !== undefined) {
    throw new UsageError('--mask needs --source: the picture to repaint.');
  }
  if (options.source === undefined && options.strength !== undefined) {
    throw new UsageError('--strength needs --source: the picture to start from.');
  }
  if (options.source === undefined && options.mode !== undefined) {
    throw new UsageError(`--mode ${options.mode} needs --source: the picture to start from.`);
  }
  if (options.mode === 'inpaint' && options.mask === undefined) {
    throw new UsageError('--mode inpaint needs --mask: a picture that is white where to repaint.');
  }
  if (options.mode === 'instruct') {
    checkInstruct(options);
  } else if (options['image-guidance'] !== undefined) {
    throw new UsageError('--image-guidance is for --mode instruct.');
  }
  if (options.mode !== undefined && options.mode !== 'inpaint' && options.mask !== undefined) {
    throw new UsageError(`--mask is for --mode inpaint, not for ${options.mode}.`);
  }
}

/** An edit by instruction is told what to change by its words and its source alone. */
function checkInstruct(options: GenerateOptions): void {
  const others = [
    ['--strength', options.strength !== undefined],
    ['--control', options.control.length > 0],
    ['--derive', options.derive.length > 0],
    ['--reference', options.reference !== undefined],
  ] as const;
  const given = others.flatMap(([name, isGiven]) => (isGiven ? [name] : []));
  if (given.length > 0) throw new UsageError(`${given.join(' and ')} cannot be used with --mode instruct.`);
}
