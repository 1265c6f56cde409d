/**
 * Rasterises every concept of concepts.tsv in three drawing styles to RGBA PNG files of SIZE (160) px, outside git.
 *
 * Usage: node build-assets.mjs WORK_DIR [SIZE]
 * WORK_DIR gets npm/ (the packages, fetched with `npm pack`), assets/<style>/<n>.png and assets/sources.json with the
 * package, version and licence of every picture. Needs `sharp` resolvable from WORK_DIR/npm (`npm i sharp` there).
 *
 * Styles: "3d" is Microsoft Fluent Emoji 3D (MIT, packed by LobeHub), "flat" is Microsoft Fluent Emoji Flat (MIT),
 * "cartoon" is Google Noto Emoji (Apache-2.0), with Mozilla FxEmojis (Apache-2.0) where Noto has no such drawing.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = [
  {
    name: '@lobehub/fluent-emoji-3d',
    version: '1.1.0',
    style: '3d',
    licence: 'MIT (Microsoft Fluent Emoji)',
  },
  {
    name: '@iconify-json/fluent-emoji-flat',
    version: '1.2.6',
    style: 'flat',
    licence: 'MIT (Microsoft Fluent Emoji)',
  },
  {
    name: '@iconify-json/noto',
    version: '1.2.9',
    style: 'cartoon',
    licence: 'Apache-2.0 (Google Noto Emoji)',
  },
  {
    name: '@iconify-json/fxemoji',
    version: '1.2.2',
    style: 'cartoon',
    licence: 'Apache-2.0 (Mozilla FxEmojis)',
  },
];
const SIZE = Number(process.argv[3] ?? 160);

const work = resolve(process.argv[2] ?? '.');
const here = dirname(fileURLToPath(import.meta.url));
const npmDir = join(work, 'npm');
mkdirSync(npmDir, { recursive: true });

function unpack(pkg) {
  const folder = join(npmDir, 'x', `${pkg.name.replace('@', '').replace('/', '-')}-${pkg.version}`);
  if (existsSync(join(folder, 'package'))) return join(folder, 'package');
  const out = execFileSync('npm', ['pack', '--silent', `${pkg.name}@${pkg.version}`], {
    cwd: npmDir,
    encoding: 'utf8',
  });
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['xzf', join(npmDir, out.trim()), '-C', folder]);
  return join(folder, 'package');
}

function iconSvg(folder, codepoint) {
  const chars = JSON.parse(readFileSync(join(folder, 'chars.json'), 'utf8'));
  const icons = JSON.parse(readFileSync(join(folder, 'icons.json'), 'utf8'));
  const slug = chars[codepoint] ?? chars[`${codepoint}-fe0f`];
  const icon = slug === undefined ? undefined : icons.icons[slug];
  if (icon === undefined) return null;
  const width = icon.width ?? icons.width ?? 16;
  const height = icon.height ?? icons.height ?? 16;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"`;
  return Buffer.from(
    `${open} width="${SIZE}" height="${SIZE}" viewBox="${icon.left ?? 0} ${icon.top ?? 0} ${width} ${height}">${icon.body}</svg>`,
  );
}

const sharp = createRequire(join(npmDir, 'package.json'))('sharp');
const folders = new Map(PACKAGES.map((pkg) => [pkg.name, unpack(pkg)]));
const webpFiles = new Set(readdirSync(join(folders.get('@lobehub/fluent-emoji-3d'), 'assets')));
const rows = readFileSync(join(here, 'concepts.tsv'), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'));
const sources = [];
for (const [index, row] of rows.entries()) {
  const [name, codepoint] = row.split('\t');
  const done = new Set();
  for (const pkg of PACKAGES) {
    if (done.has(pkg.style)) continue;
    const folder = folders.get(pkg.name);
    const webp = [`${codepoint}.webp`, `${codepoint}-fe0f.webp`].find((file) => webpFiles.has(file));
    const input =
      pkg.style === '3d' ? (webp ? join(folder, 'assets', webp) : null) : iconSvg(folder, codepoint);
    if (input === null) continue;
    mkdirSync(join(work, 'assets', pkg.style), { recursive: true });
    const file = join('assets', pkg.style, `${index}.png`);
    await sharp(input, { density: 300 })
      .resize(SIZE, SIZE, { fit: 'contain', background: '#0000' })
      .png()
      .toFile(join(work, file));
    sources.push({
      concept: name,
      codepoint,
      style: pkg.style,
      file,
      package: pkg.name,
      version: pkg.version,
      licence: pkg.licence,
    });
    done.add(pkg.style);
  }
  if (done.size < 3) console.warn(`${name}: only ${[...done].join(', ')}`);
}
writeFileSync(join(work, 'assets', 'sources.json'), JSON.stringify(sources, null, 1));
console.log(`${sources.length} pictures of ${rows.length} concepts in ${join(work, 'assets')}`);
