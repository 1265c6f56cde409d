import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { RgbPicture } from '../../models/pipelines/image/picture.ts';
import type { Exhibit, Section } from './bench.ts';
import { formatNumber, type Report } from './report.ts';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { padding: 0.15rem 0.75rem; text-align: right; border-bottom: 1px solid #8884; }
td:first-child, th:first-child { text-align: left; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; }
figure img { width: 8rem; height: 8rem; image-rendering: pixelated; }
figcaption { max-width: 9rem; font-size: 0.75rem; overflow-wrap: anywhere; }
figure.wide figcaption { max-width: 25rem; }
`;

/** Writes index.html and its pictures below `folder`; pictures of an earlier run are deleted first. */
export async function writePage(folder: string, report: Report): Promise<void> {
  await rm(join(folder, 'pictures'), { recursive: true, force: true });
  await mkdir(join(folder, 'pictures'), { recursive: true });
  const sections: string[] = [];
  for (const [i, section] of report.sections.entries()) {
    sections.push(await renderSection(folder, section, i));
  }
  const { pack, settings } = report;
  const title = `${pack.id} ${pack.version}`;
  const facts =
    `${settings.prompts} prompts, ${settings.steps} steps, guidance ${settings.guidanceScale}, ${settings.arithmetic} arithmetic; ` +
    `${report.seconds.toFixed(0)} s on ${report.machine}; ${report.date}; pack ${pack.sha256.slice(0, 12)}`;
  const html =
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title>` +
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style>` +
    `<h1>${escape(title)}</h1><p>${escape(facts)}</p>${sections.join('')}</html>\n`;
  await writeFile(join(folder, 'index.html'), html);
}

async function renderSection(folder: string, section: Section, number: number): Promise<string> {
  const cells = (values: readonly string[], tag: 'td' | 'th'): string =>
    `<tr>${values.map((value) => `<${tag}>${escape(value)}</${tag}>`).join('')}</tr>`;
  const rows = section.rows.map(({ name, made, composed, n }) =>
    cells([name, formatNumber(made), composed === null ? '' : formatNumber(composed), String(n)], 'td'),
  );
  const figures: string[] = [];
  for (const [i, exhibit] of section.exhibits.entries()) {
    figures.push(await renderFigure(folder, exhibit, `${number}-${i}`));
  }
  const table = `<table>${cells(['', 'samples', 'composed', 'n'], 'th')}${rows.join('')}</table>`;
  return (
    `<h2>${escape(section.title)}</h2><p>${escape(section.about)}</p>${table}` +
    `<div class="pictures">${figures.join('')}</div>`
  );
}

async function renderFigure(folder: string, exhibit: Exhibit, id: string): Promise<string> {
  const images: string[] = [];
  for (const [i, picture] of exhibit.pictures.entries()) {
    const name = `pictures/${id}-${i}.webp`;
    await writePicture(join(folder, name), picture);
    images.push(`<img src="${name}" alt="">`);
  }
  const kind = exhibit.pictures.length > 1 ? ' class="wide"' : '';
  return `<figure${kind}>${images.join('')}<figcaption>${escape(exhibit.caption)}</figcaption></figure>`;
}

async function writePicture(file: string, { width, height, data }: RgbPicture): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ quality: 90 })
    .toFile(file);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
