import { z } from 'zod';

/**
 * Everything Gesso reads from its surroundings. This is the only file that touches `process.env`; each variable says
 * what it is for and what happens without it.
 */
const schema = z.object({
  /** Folder of the embedded Postgres, the asset store and the logs. */
  GESSO_HOME: z.string().default('.gesso'),
  /** Port of the web process. The collab server listens on PORT + 1, the embedded Postgres on PORT + 2, unless named. */
  PORT: z.coerce.number().int().min(1).max(65_533).default(3000),
  COLLAB_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  POSTGRES_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  /** An own Postgres (13 or newer) instead of the embedded one. */
  DATABASE_URL: z.string().optional(),
  /** Carries live edits between several collab instances. One instance needs none. */
  REDIS_URL: z.string().optional(),
  /** The address people type into the browser, when it is not http://localhost:PORT. */
  GESSO_URL: z.url().optional(),
  /** The address browsers reach the collab server at, when it is not ws://<host of GESSO_URL>:COLLAB_PORT. */
  COLLAB_URL: z.string().optional(),
  /** Signs sessions, asset links and tickets. Made once and kept in GESSO_HOME when absent. */
  GESSO_SECRET: z.string().min(32).optional(),
  /** An S3-compatible store instead of GESSO_HOME/assets. */
  S3_ENDPOINT: z.url().optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_BUCKET: z.string().optional(),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  /** 1 behind a reverse proxy that overwrites X-Forwarded-For; then limits per address believe that header. */
  TRUST_PROXY: z.enum(['0', '1']).default('0'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  NODE_ENV: z.enum(['development', 'production', 'test']).default('production'),
});

export type Env = Readonly<z.infer<typeof schema>>;

/**
 * Parses an environment. Throws an Error whose message names every bad variable and what it should be.
 */
export function parseEnv(source: Readonly<Record<string, string | undefined>>): Env {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''));
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The environment has values that Gesso cannot use:\n${lines.join('\n')}`);
}

/** The environment of this process, parsed at each call so that tests and children see what they were given. */
export function readEnv(): Env {
  return parseEnv(process.env);
}

/** The whole environment of this process with `changes` applied, for starting a child process. */
export function childEnv(changes: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes };
}

/** What native inference may need from its surroundings; none of it holds a secret or an address of ours. */
const runnerNames = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES'];

/** The environment of a runner: no database, no store, no secret, and onnxruntime's telemetry off. */
export function runnerEnv(): NodeJS.ProcessEnv {
  const kept = runnerNames.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), ORT_DISABLE_TELEMETRY: '1', NODE_ENV: 'production' };
}

/** Ports that go together: what is not named follows PORT. */
export function portsOf(env: Env): {
  readonly web: number;
  readonly collab: number;
  readonly postgres: number;
} {
  return {
    web: env.PORT,
    collab: env.COLLAB_PORT ?? env.PORT + 1,
    postgres: env.POSTGRES_PORT ?? env.PORT + 2,
  };
}
