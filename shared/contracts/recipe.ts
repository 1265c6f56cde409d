import { z } from 'zod';

/**
 * The recipe of a picture: everything that is needed to make it again, and where it came from. One schema for the row in
 * the history, the text chunk inside a downloaded PNG, and the command line's `--json` output.
 */

/** The keyword of the PNG text chunk that carries the recipe. */
export const RECIPE_KEYWORD = 'gesso-recipe';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 as 64 lower-case hex digits');

/** Torch's CPU generator is seeded with the low 32 bits only, so larger seeds would silently repeat smaller ones. */
export const seedSchema = z.number().int().min(0).max(0xffff_ffff);

/** What Generate does with the frame of a canvas. `instruct` changes the source as the prompt tells it to; the others paint what it describes. */
export const generationModes = ['text-to-image', 'image-to-image', 'inpaint', 'extend', 'instruct'] as const;
export type FrameMode = (typeof generationModes)[number];
/** Besides them, `upscale` enlarges one picture and reads no prompt. */
export const generationModeSchema = z.enum([...generationModes, 'upscale']);
export type GenerationMode = z.infer<typeof generationModeSchema>;

export const controlKinds = ['edge', 'scribble', 'segmentation', 'depth', 'pose'] as const;
/** What a control map says about the picture: its lines, a rough sketch, its parts, how near things are, how people stand. */
export const controlKindSchema = z.enum(controlKinds);
export type ControlKind = z.infer<typeof controlKindSchema>;

/** 0 ignores the map, 1 follows it as it was trained; some control networks take more. */
export const controlStrengthSchema = z.number().min(0).max(2);
const shareSchema = z.number().min(0).max(1);
/** The part of the run, as shares of its steps, in which a map is followed. */
export const controlRangeSchema = z
  .tuple([shareSchema, shareSchema])
  .refine(([start, end]) => start < end, 'the start must come before the end')
  .readonly();
export type ControlRange = z.infer<typeof controlRangeSchema>;
export const wholeRange: ControlRange = [0, 1];

/** How closely an edit by instruction keeps to its source picture (InstructPix2Pix's image guidance scale). */
export const imageGuidanceScaleSchema = z.number().min(0).max(10);
export const usualImageGuidanceScale = 1.5;

/**
 * How a pack's network is computed: `exact` in 32-bit floats; `int8` multiplies its largest matrices as 8-bit integers, for packs
 * that have a graph for it. The same seed gives nearly the same picture then, and not the same bits on every processor.
 */
export const arithmetics = ['exact', 'int8'] as const;
export const arithmeticSchema = z.enum(arithmetics);
export type Arithmetic = z.infer<typeof arithmeticSchema>;

/** How many times wider and higher an enlarged picture is. */
export const upscaleScales = [2, 4] as const;
export const upscaleScaleSchema = z.literal(upscaleScales);
export type UpscaleScale = z.infer<typeof upscaleScaleSchema>;

export const imageSolverSchema = z.enum(['flow-euler', 'flow-heun']);
export type ImageSolver = z.infer<typeof imageSolverSchema>;

/** Pixels on a side of a finished picture; only an enlarged one may be longer than `longestSide`. */
export const shortestSide = 64;
export const longestSide = 1_024;
export const longestEnlargedSide = 4_096;

/** What sizes a mode takes, for a schema's `refine`. */
export function fitsMode({
  mode,
  width,
  height,
}: {
  readonly mode: GenerationMode;
  readonly width: number;
  readonly height: number;
}): boolean {
  return mode === 'upscale' || Math.max(width, height) <= longestSide;
}
export const sizeOfModeIssue = {
  message: `only an enlarged picture may be longer than ${longestSide} pixels a side`,
  path: ['width'],
};

/** What a person chooses before pressing Generate. Pictures are not in it: they travel beside it, named by hash. */
export const generationSettingsSchema = z.object({
  mode: generationModeSchema,
  prompt: z.string().max(2000),
  negativePrompt: z.string().max(2000),
  seed: seedSchema,
  /** Pixels of the finished picture. */
  width: z.number().int().min(shortestSide).max(longestEnlargedSide),
  height: z.number().int().min(shortestSide).max(longestEnlargedSide),
  steps: z.number().int().min(1).max(50),
  guidanceScale: z.number().min(0).max(30),
  solver: imageSolverSchema,
  /** How much of the source is repainted: 0 keeps it, 1 ignores it. Only image-to-image and inpaint read it. */
  strength: z.number().min(0).max(1),
  /** Only instruct reads it, and takes the usual one where it is absent. */
  imageGuidanceScale: imageGuidanceScaleSchema.optional(),
  /** Absent where the picture was computed exactly. */
  arithmetic: arithmeticSchema.optional(),
  /** Only upscale has it, and reads neither words, seed, steps, guidance nor strength. */
  scale: upscaleScaleSchema.optional(),
});
export type GenerationSettings = z.infer<typeof generationSettingsSchema>;

export const recipeControlSchema = z.object({
  kind: controlKindSchema,
  strength: controlStrengthSchema,
  /** Recipes from before maps had a range followed them all the way. */
  range: controlRangeSchema.default(wholeRange),
  /** Hash of the map's bytes as they were given to the worker. */
  sha256: sha256Schema,
});

/** A picture whose look is followed: what is in it, not where. */
export const recipeReferenceSchema = z.object({ strength: controlStrengthSchema, sha256: sha256Schema });

/** A LoRA and how strongly it was applied; the hash is its file's. */
export const recipeLoraSchema = z.object({
  name: z.string().min(1).max(100),
  strength: z.number(),
  sha256: sha256Schema,
});

export const recipeSchema = generationSettingsSchema
  .extend({
    format: z.literal('gesso-recipe/1'),
    pack: z.object({
      id: z.string().min(1).max(100),
      version: z.string().min(1).max(100),
      /** SHA-256 over the pack's component hashes: the same value means the same weights. */
      sha256: sha256Schema,
    }),
    /** The scheduler class of a pack that brings its own; where it is given, `solver` was not used. */
    scheduler: z.string().max(100).optional(),
    /** LoRA files merged into the pack's weights, as the prompt named them; absent where it named none. */
    loras: z.array(recipeLoraSchema).readonly().optional(),
    /** Sentences about parts of the request that had no effect. */
    notices: z.array(z.string().max(2000)).readonly().optional(),
    /** Hash of the source picture's bytes as they were given to the worker; null when the mode takes none. */
    source: z.object({ sha256: sha256Schema }).nullable(),
    mask: z.object({ sha256: sha256Schema }).nullable(),
    controls: z.array(recipeControlSchema),
    /** Absent where none was given, and in recipes from before there were any. */
    reference: recipeReferenceSchema.optional(),
    /** The canvas, and which of its stored versions (counted from 1) the picture was made from; null from the command line. */
    canvas: z.object({ id: z.string(), version: z.number().int().min(0) }).nullable(),
    /** The name of the worker that made the picture; null from the command line. */
    worker: z.string().nullable(),
    /** Milliseconds from the start of the work to the finished picture, without waiting in the queue. */
    durationMs: z.number().min(0).nullable(),
    /** ISO 8601, UTC. */
    createdAt: z.iso.datetime(),
  })
  .refine(fitsMode, sizeOfModeIssue);
export type Recipe = z.infer<typeof recipeSchema>;

/**
 * Reads a recipe from the text of a PNG chunk.
 *
 * Returns null when the text is not a recipe of this format; a stranger's file is not an error.
 */
export function parseRecipeText(text: string): Recipe | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = recipeSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
