import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInput } from '../../runtime/io-adapter.ts';
import type { ModelSession, WeightPatch } from '../../runtime/session.ts';
import type { SessionCache, SessionLease } from '../../runtime/session-cache.ts';
import { loadPromptTokenizer } from '../../text/load-tokenizer.ts';
import type { PromptTokenizer } from '../../text/prompt-tokenizer.ts';

/** One graph of a folder in the diffusers layout, with the configuration beside it. */
export interface Component {
  readonly session: ModelSession;
  /** config.json, or an empty object where there is none. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A model folder in the diffusers layout: one subfolder a component. Graphs open when first asked for. */
export interface ModelFolder {
  has(name: string): boolean;
  /** The first component whose name begins so, by name; null when there is none. */
  find(prefix: string): string | null;
  /** Opens a component. Throws when the folder has none of this name. */
  open(name: string): Promise<Component>;
  tokenizer(name: string): Promise<PromptTokenizer>;
  /** model_index.json of the first folder. */
  readIndex(): Promise<Readonly<Record<string, unknown>>>;
  /** scheduler_config.json of `scheduler`, or of another folder such as `low_res_scheduler`. */
  readSchedulerConfig(name: string): Promise<Readonly<Record<string, unknown>>>;
  /** Gives all graphs back to the session cache. */
  close(): void;
}

/**
 * Returns a model folder. `folders` are searched in order, so that a checkpoint may take the parts it shares with another
 * from there. `locate` overrides where a subfolder lies, `patch` changes the weights of components as they are opened.
 */
export function openModelFolder(options: {
  readonly folders: readonly string[];
  readonly sessions: SessionCache;
  readonly locate?: (name: string) => string | null;
  readonly patch?: (name: string) => WeightPatch | undefined;
}): ModelFolder {
  const { folders, sessions } = options;
  const leases: SessionLease[] = [];
  const components = new Map<string, Promise<Component>>();

  function locate(name: string): string | null {
    const own = options.locate?.(name) ?? null;
    return own ?? folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
  }

  function require(name: string): string {
    const path = locate(name);
    if (path === null) {
      throw new Error(`the model has no ${name} (looked in ${folders.join(', ')})`);
    }
    return path;
  }

  async function openComponent(name: string): Promise<Component> {
    const path = require(name);
    const lease = await sessions.acquire(join(path, 'model.onnx'), options.patch?.(name));
    leases.push(lease);
    const config = existsSync(join(path, 'config.json')) ? await readObject(join(path, 'config.json')) : {};
    return { session: lease.session, config };
  }

  function has(name: string): boolean {
    const path = locate(name);
    return path !== null && existsSync(join(path, 'model.onnx'));
  }

  return {
    has,
    find: (prefix) =>
      folders
        .flatMap((folder) => readdirSync(folder))
        .toSorted()
        .find((name) => name.startsWith(prefix) && has(name)) ?? null,
    open(name) {
      const known = components.get(name) ?? openComponent(name);
      components.set(name, known);
      return known;
    },
    tokenizer: (name) => loadPromptTokenizer(require(name)),
    readIndex: () => readObject(join(folders[0], 'model_index.json')),
    readSchedulerConfig: (name) => readObject(join(require(name), 'scheduler_config.json')),
    close() {
      for (const lease of leases.splice(0)) {
        lease.release();
      }
      components.clear();
    },
  };
}

/** Returns a number from a configuration, or the fallback when it is absent. */
export function configNumber(
  config: Readonly<Record<string, unknown>>,
  name: string,
  fallback: number,
): number {
  const value = config[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

/** Returns a list of numbers from a configuration, or the fallback when it is absent. */
export function configNumbers(
  config: Readonly<Record<string, unknown>>,
  name: string,
  fallback: readonly number[],
): readonly number[] {
  const value = config[name];
  return Array.isArray(value) && value.every(Number.isFinite) ? value : fallback;
}

/**
 * Returns how many channels a denoiser takes: what the graph states, else its configuration, else the fallback. Some
 * exporters write no configuration beside a graph.
 */
export function inputChannels(component: Component, fallback: number): number {
  const name = resolveInput('sample', component.session.inputs);
  const stated = component.session.inputs.find((input) => input.name === name)?.shape[1];
  return typeof stated === 'number' ? stated : configNumber(component.config, 'in_channels', fallback);
}

/** Whether a denoiser of four latent channels takes a mask and a masked picture beside them: it can only inpaint. */
export function seesMask(component: Component): boolean {
  return inputChannels(component, 0) === 9;
}

async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${path} is not a JSON object`);
  }
  return { ...value };
}
