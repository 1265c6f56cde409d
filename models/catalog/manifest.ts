import { posix } from 'node:path';
import { z } from 'zod';

/**
 * model.json: what a pack is, which files belong to it and what each of them must hash to. Written by the training recipes
 * for the house packs and by `gesso models add` for folders that people own.
 */

/** A path inside the pack, with forward slashes, that cannot lead out of it. */
const packPathSchema = z
  .string()
  .min(1)
  .max(300)
  .refine(
    (path) =>
      !path.includes('\\') &&
      !path.includes('\0') &&
      !posix.isAbsolute(path) &&
      !/^[a-zA-Z]:/.test(path) &&
      path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'must be a relative path inside the pack, with forward slashes and without . or ..',
  );

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 as 64 lower-case hex digits');

const packFileSchema = z.object({
  file: packPathSchema,
  sha256: sha256Schema,
  bytes: z.number().int().min(0),
});
export type PackFile = z.infer<typeof packFileSchema>;

const componentSchema = packFileSchema.extend({
  /** External weight files that the graph refers to; each must be named here to be trusted. */
  data: z.array(packFileSchema).default([]),
});

type PackComponent = z.infer<typeof componentSchema>;

const commonFields = {
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and dashes, at most 64'),
  name: z.string().min(1).max(120),
  version: z.string().min(1).max(60),
  license: z.string().min(1).max(300),
};

/** Tasks of the house image core, by the number its `task` input takes. */
export const HOUSE_TASKS = {
  'text-to-image': 0,
  inpaint: 1,
  edge: 2,
  depth: 3,
  segmentation: 4,
  scribble: 5,
  reference: 6,
  edit: 7,
} as const;
export type HouseTask = keyof typeof HOUSE_TASKS;

const houseTaskSchema = z.enum([
  'text-to-image',
  'inpaint',
  'edge',
  'depth',
  'segmentation',
  'scribble',
  'reference',
  'edit',
]);

const houseImageFieldsSchema = z.object({
  ...commonFields,
  kind: z.literal('image'),
  pipeline: z.literal('house-image'),
  /** Side of the square the denoiser works on, in pixels. */
  nativeSize: z.number().int().min(8).max(512),
  /** Factor of the upscaler: the finished square is nativeSize · scale pixels wide. */
  scale: z.number().int().min(1).max(8),
  prediction: z.literal('sample'),
  schedule: z.object({
    family: z.literal('flow'),
    shift: z.number().positive().max(20).default(1),
    /** Share of the noise that is drawn anew after every Euler step. */
    freshNoise: z.number().min(0).max(1).default(0),
  }),
  /** For a denoiser with the inputs `timestep_next` and `guidance_scale`: where it is asked for whole steps. */
  flowMap: z
    .object({
      /** Pictures of more steps than this are drawn with small ones. */
      mostSteps: z.number().int().min(1).max(50),
      /** Lowest and highest guidance scale that it has learned. */
      guidanceScales: z.tuple([z.number().min(1), z.number().max(30)]).readonly(),
      /** As `schedule.freshNoise`, for these steps. */
      freshNoise: z.number().min(0).max(1),
    })
    .optional(),
  defaults: z.object({
    steps: z.number().int().min(1).max(50),
    guidanceScale: z.number().min(0).max(30),
    solver: z.enum(['flow-euler', 'flow-heun']),
  }),
  text: z.object({
    tokenizer: packPathSchema,
    length: z.number().int().min(1).max(1024),
    padId: z.number().int().min(0),
    bosId: z.number().int().min(0).nullable().default(null),
    eosId: z.number().int().min(0).nullable().default(null),
  }),
  components: z.object({
    textEncoder: componentSchema,
    denoiser: componentSchema,
    /** The same network over the same weights, with its largest matrices multiplied as 8-bit integers. */
    denoiserInt8: componentSchema.optional(),
    upscaler: componentSchema,
    /** Sees a reference picture, for packs that list the task `reference`: the picture tower of the house-CLIP. */
    imageEncoder: componentSchema.optional(),
    /** Turns what the image encoder sees into rows that the denoiser reads after those of the text. */
    referenceEncoder: componentSchema.optional(),
  }),
  tasks: z.array(houseTaskSchema).min(1),
  vocabulary: packPathSchema,
  trained: z
    .object({
      samples: z.number().min(0),
      date: z.string(),
      recipe: z.string(),
      /** Loss on the recipe's fixed scenes; of two cores of one recipe the lower one is better. */
      evalLoss: z.number().optional(),
    })
    .optional(),
});

export const houseImageManifestSchema = houseImageFieldsSchema.refine(
  ({ tasks, components: { imageEncoder, referenceEncoder } }) =>
    !tasks.includes('reference') || (imageEncoder !== undefined && referenceEncoder !== undefined),
  'a pack that lists the task reference needs an imageEncoder and a referenceEncoder among its components',
);
export type HouseImageManifest = z.infer<typeof houseImageManifestSchema>;

/** Pipelines for folders in the diffusers layout, named after the families people know. */
export const DIFFUSERS_PIPELINES = [
  'stable-diffusion',
  'stable-diffusion-inpaint',
  'stable-diffusion-edit',
  'stable-diffusion-upscale',
  'stable-diffusion-xl',
  'stable-diffusion-3',
  'latent-consistency',
  'flux',
  'stable-video',
  'stable-audio',
  'audioldm2',
  'unconditional',
] as const;

/** How the folder of a graph may be called. */
export const componentNamePattern = /^[a-z0-9_-]{1,40}$/;

export const diffusersManifestSchema = z.object({
  ...commonFields,
  kind: z.enum(['image', 'video', 'audio']),
  pipeline: z.enum(DIFFUSERS_PIPELINES),
  /** Which exporter's habits were recognised; the io adapter goes by the graphs themselves. */
  layout: z.enum(['optimum', 'diffusers-script', 'olive', 'amuse']),
  /** Graphs by component folder name: unet, vae_decoder, text_encoder_2 … */
  components: z.record(z.string().regex(componentNamePattern), componentSchema),
  /** Configuration and tokenizer files that the pipeline reads. */
  files: z.array(packFileSchema),
});
export type DiffusersManifest = z.infer<typeof diffusersManifestSchema>;

export const packManifestSchema = z.discriminatedUnion('pipeline', [
  houseImageManifestSchema,
  diffusersManifestSchema,
]);
export type PackManifest = z.infer<typeof packManifestSchema>;

/** Returns the graphs of a pack; those that a pack may leave out only where it has them. */
export function listComponents(manifest: PackManifest): readonly PackComponent[] {
  return Object.values(manifest.components).filter((component) => component !== undefined);
}

/** Returns every hashed file of a pack: graphs, their external weights, and listed configuration; what two graphs share once. */
export function listHashedFiles(manifest: PackManifest): readonly PackFile[] {
  const components = listComponents(manifest).flatMap((component) => [component, ...component.data]);
  const rest = manifest.pipeline === 'house-image' ? [] : manifest.files;
  const files = new Map<string, PackFile>();
  for (const { file, sha256, bytes } of [...components, ...rest]) {
    files.set(`${file} ${sha256} ${bytes}`, { file, sha256, bytes });
  }
  return [...files.values()];
}
