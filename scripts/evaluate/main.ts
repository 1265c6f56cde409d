import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { PackError } from '../../models/catalog/pack-error.ts';
import type { VerifiedPack } from '../../models/catalog/packs.ts';
import { type HouseClip, openHouseClip } from '../../models/evaluation/clip.ts';
import { openSceneParser } from '../../models/evaluation/scene-parser.ts';
import { openHouseImageModel } from '../../models/pipelines/house/model.ts';
import { openImageModel } from '../../models/pipelines/image-model.ts';
import { type Device, openDevice } from '../../models/runtime/device.ts';
import { runCommand, UsageError } from '../gesso/run-command.ts';
import { type Bench, type Section, TOGETHER } from './bench.ts';
import { measureComposition, measureSteps } from './composition.ts';
import { measureCopies } from './copies.ts';
import { measureEdits } from './edits.ts';
import {
  loadControlScenes,
  loadDrawings,
  loadEditScenes,
  loadPrompts,
  loadReferenceScenes,
  loadRepaintScenes,
  loadSheetPrompts,
} from './fixtures.ts';
import { openPack } from './open-pack.ts';
import { EVALUATE_USAGE, type EvaluateOptions, parseEvaluateOptions, type Part } from './options.ts';
import { writePage } from './page.ts';
import { measureReferences } from './references.ts';
import { formatJson, formatTable, type Report } from './report.ts';
import { drawSheet, writeSheet } from './sheet.ts';
import { measureControls, measureEnlarge, measureRepaint } from './tasks.ts';

/** Prompts for each number of steps, besides the pack's own number. */
const STEP_PROMPTS = 100;
const STEP_COUNTS = [1, 2, 4, 8, 30];

/**
 * `gesso evaluate`: measures a picture pack with its scene parser, on the CPU or whatever device there is, without Python.
 * Returns 0 when all was measured, 1 when the pack or its parser cannot be used, 2 for wrong arguments, 130 when
 * interrupted; only a finished run writes results.json and the page.
 */
export function run(args: readonly string[]): Promise<number> {
  return runCommand(
    {
      name: 'evaluate',
      usage: EVALUATE_USAGE,
      parse: parseEvaluateOptions,
      work: evaluate,
      interrupted: 'Interrupted; nothing was written, and results of an earlier run are untouched.',
    },
    args,
  );
}

async function evaluate(options: EvaluateOptions, signal: AbortSignal): Promise<void> {
  const out = resolve(options.out);
  const info = await stat(out).catch(() => null);
  if (info !== null && !info.isDirectory()) {
    throw new UsageError(`${out} is a file; name a folder for the results.`);
  }
  const pack = await openPack(options.pack);
  const started = performance.now();
  const device = await openDevice();
  try {
    const result = await measure(pack, { options, signal, device, started });
    const partial = join(out, 'results.json.part');
    await mkdir(out, { recursive: true });
    await writePage(out, result);
    const sheet = result.sections.find(({ title }) => title === 'Sheet');
    if (sheet !== undefined) await writeSheet(join(out, 'sheet.webp'), sheet.exhibits);
    await writeFile(partial, formatJson(result));
    await rename(partial, join(out, 'results.json'));
    process.stdout.write(options.json ? formatJson(result) : `\n${formatTable(result)}`);
    process.stderr.write(`\nPictures: ${join(out, 'index.html')}\n`);
  } finally {
    await device.sessions.close();
  }
}

interface Run {
  readonly options: EvaluateOptions;
  readonly signal: AbortSignal;
  readonly device: Device;
  readonly started: number;
}

async function measure(pack: VerifiedPack, given: Run): Promise<Report> {
  const { options, signal, device } = given;
  const { manifest } = pack;
  if (manifest.kind !== 'image') {
    throw new PackError(
      'unsupported',
      `${manifest.id} makes ${manifest.kind}; only pictures can be measured.`,
    );
  }
  const parser = await openSceneParser(pack.folder, device.sessions);
  const clip = await openClip(pack, device);
  const model = await openImageModel(pack, device.sessions, {
    warmUp: false,
    lanes: TOGETHER,
    arithmetic: options.arithmetic,
  });
  try {
    const bench: Bench = {
      model,
      manifest,
      parser,
      clip,
      steps: options.steps ?? model.defaults.steps,
      guidanceScale: options.guidance ?? model.defaults.guidanceScale,
      signal,
      progress: showProgress,
    };
    const sections: Section[] = [];
    for (const part of options.only) {
      sections.push(...(await measurePart(part, bench, { pack, given })));
    }
    return {
      pack: { id: manifest.id, version: manifest.version, sha256: pack.sha256, evalLoss: evalLossOf(pack) },
      clip: clip && {
        sha256: clip.manifest.picture.sha256,
        accuracy: clip.manifest.trained.accuracy,
      },
      parser: { sha256: parser.manifest.sha256, accuracy: parser.manifest.trained.accuracy },
      settings: {
        prompts: options.prompts,
        steps: bench.steps,
        guidanceScale: bench.guidanceScale,
        arithmetic: model.arithmetic,
      },
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${device.provider}`,
      date: new Date().toISOString(),
      seconds: (performance.now() - given.started) / 1000,
      sections,
    };
  } finally {
    model.close();
    parser.close();
    clip?.close();
  }
}

/** A pack without a house-CLIP is measured with the parser alone; one with a wrong file is not measured. */
async function openClip({ folder }: VerifiedPack, { sessions }: Device): Promise<HouseClip | null> {
  const found = await stat(join(folder, 'house-clip.json')).catch(() => null);
  return found === null ? null : openHouseClip(folder, sessions);
}

async function measurePart(
  part: Part,
  bench: Bench,
  { pack, given }: { readonly pack: VerifiedPack; readonly given: Run },
): Promise<readonly Section[]> {
  const { options, device } = given;
  const { manifest } = pack;
  const house = manifest.pipeline === 'house-image' ? manifest : null;
  switch (part) {
    case 'composition': {
      const { asked, scenes } = await loadPrompts();
      return measureComposition(bench, asked.slice(0, options.prompts), scenes);
    }
    case 'steps': {
      const { asked } = await loadPrompts();
      return [
        await measureSteps(bench, asked.slice(0, Math.min(options.prompts, STEP_PROMPTS)), STEP_COUNTS),
      ];
    }
    case 'controls':
      return house === null ? [] : [await measureControls(bench, house, await loadControlScenes())];
    case 'repaint':
      return house === null || !house.tasks.includes('inpaint')
        ? []
        : [await measureRepaint(bench, await loadRepaintScenes())];
    case 'enlarge': {
      if (house === null) return [];
      const opened = await openHouseImageModel(pack, device.sessions, { warmUp: false });
      try {
        return [await measureEnlarge(opened, await loadRepaintScenes())];
      } finally {
        opened.close();
      }
    }
    case 'edit':
      return house === null || !house.tasks.includes('edit')
        ? []
        : [await measureEdits(bench, await loadEditScenes())];
    case 'reference':
      return house === null || !house.tasks.includes('reference') || bench.clip === null
        ? []
        : [await measureReferences(bench, bench.clip, await loadReferenceScenes())];
    case 'copies':
      return house === null ? [] : [await measureCopies(bench, await loadDrawings())];
    case 'sheet':
      return [await drawSheet(bench, await loadSheetPrompts())];
  }
}

function evalLossOf({ manifest }: VerifiedPack): number | null {
  return manifest.pipeline === 'house-image' ? (manifest.trained?.evalLoss ?? null) : null;
}

function showProgress(what: string, done: number, total: number): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001B[K${what}: ${done} of ${total}${done === total ? '\n' : ''}`);
  } else if (done === total) {
    process.stderr.write(`${what}: ${total}\n`);
  }
}
