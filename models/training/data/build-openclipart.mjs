/**
 * Picks drawings from Debian's openclipart-svg (public domain) and rasterises them to RGBA WebP files, outside git.
 *
 *   apt-get download openclipart-svg && dpkg -x openclipart-svg_*.deb DEB
 *   node build-openclipart.mjs WORK_DIR DEB
 *
 * WORK_DIR gets clipart/<n>.webp (trimmed to what is drawn, longest side 192 px) and clipart/sources.json with file, title,
 * keywords, author, licence and caption of every picture. Needs `sharp` in WORK_DIR/npm, as build-assets.mjs does.
 *
 * Kept: files whose own metadata dedicate them to the public domain, with a title, at least six colours that each cover
 * 0.4 % of the drawing, some colour at all, and a shape that is neither a sliver nor nearly empty. Folders and words that
 * mean brands, flags, interface parts, cards, weapons or religion are left out.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';

const SIZE = 192;
const PACKAGE = { package: 'openclipart-svg', version: '0.18+dfsg-19', archive: 'Debian' };
const FOLDERS_OUT =
  /^(buttons|computer|geography|logos|office|shapes|signs_and_symbols|special)\/|cards|religion|chess|dice|duplicates|callouts|weapons|military|roadsigns/;
const WORDS_OUT =
  /\b(flags?|logos?|icons?|buttons?|brand|linux|tux|debian|gnu|ubuntu|windows|microsoft|apple computer|coca|pepsi|mozilla|firefox|wikipedia|nazi|swastika|cross|crucifix|jesus|church|islam|mosque|bible|gun|rifle|pistol|weapons?|sword|bomb|tank|war|map|coat of arms|escutcheon|heraldry|blason|border|frame|background|pattern|card|nude|naked|sexy|cigarette|wanted|screenshot|road ?signs?|roadworks)\b/i;
const UNWANTED = new Set([
  'clip art',
  'clipart',
  'image',
  'media',
  'public domain',
  'svg',
  'png',
  'unsorted',
  'hash',
  'bitmap',
]);

const [work, deb] = process.argv.slice(2).map((path) => resolve(path));
const root = join(deb, 'usr/share/openclipart/svg');
if (!existsSync(root)) throw new Error(`${root} is missing: unpack openclipart-svg first`);
const sharp = createRequire(join(work, 'npm', 'package.json'))('sharp');

const text = (xml) =>
  xml
    .replace(/<[^>]*>/g, '')
    .replace(/&#(\d+);/g, (_, n) => String.fromCodePoint(Number(n)))
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();

/** The Dublin Core fields of an SVG file, or null when it is not dedicated to the public domain or says nothing. */
function describe(svg) {
  const metadata = /<metadata[\s\S]*?<\/metadata>/.exec(svg)?.[0];
  if (metadata === undefined || !/cc:license[^>]*PublicDomain/i.test(metadata)) return null;
  const title = text(/<dc:title>([\s\S]*?)<\/dc:title>/.exec(metadata)?.[1] ?? '');
  const keywords = [...metadata.matchAll(/<rdf:li>([\s\S]*?)<\/rdf:li>/g)]
    .map((match) => text(match[1]).toLowerCase())
    .filter((word) => /^[a-z][a-z' -]{1,24}$/.test(word) && !UNWANTED.has(word));
  if (!/[a-z]{3}/i.test(title)) return null;
  const creator = /<dc:creator>[\s\S]*?<dc:title>([\s\S]*?)<\/dc:title>/.exec(metadata)?.[1] ?? '';
  const said = { title, keywords: [...new Set(keywords)], author: text(creator) };
  return caption(said) === '' ? null : said;
}

/** "an apple, fruit, food": the title in plain words, then up to four keywords that it does not say already. */
function caption({ title, keywords }) {
  const words = title
    .toLowerCase()
    .replace(/clip ?arts?( by \w+ \w+)?|\bvarious\b|\bsvg\b/g, ' ')
    .replace(/[^a-z' ]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return [words, ...keywords.filter((word) => !words.includes(word)).slice(0, 4)]
    .filter((word) => word !== '')
    .join(', ');
}

/** How many of 512 colours cover at least 0.4 % of the opaque pixels, the mean chroma (0..255) and the opaque share. */
function palette(data) {
  const counts = new Uint32Array(512);
  let opaque = 0;
  let chroma = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 200) continue;
    opaque += 1;
    counts[((data[i] >> 5) << 6) | ((data[i + 1] >> 5) << 3) | (data[i + 2] >> 5)] += 1;
    chroma += Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]);
  }
  const colors = counts.filter((count) => count > 0.004 * opaque).length;
  return { colors, chroma: chroma / Math.max(1, opaque), share: opaque / (data.length / 4) };
}

async function rasterise(svg) {
  const drawn = await sharp(Buffer.from(svg), { density: 96, unlimited: false })
    .resize(512, 512, { fit: 'inside', withoutEnlargement: false })
    .ensureAlpha()
    .png()
    .toBuffer();
  const { data, info } = await sharp(drawn)
    .trim({ background: '#0000', threshold: 8 })
    .resize(SIZE, SIZE, { fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, raw: { width: info.width, height: info.height, channels: 4 } };
}

const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.svg') && !FOLDERS_OUT.test(file))
  .sort();
mkdirSync(join(work, 'clipart'), { recursive: true });
const dropped = { metadata: 0, words: 0, broken: 0, look: 0, twice: 0 };
const seen = new Set();
const sources = [];
for (const file of files) {
  const svg = readFileSync(join(root, file), 'utf8');
  const said = describe(svg);
  if (said === null || svg.length > 2_000_000) {
    dropped.metadata += 1;
    continue;
  }
  const name = basename(file, '.svg').replace(/[_-]+/g, ' ');
  if (WORDS_OUT.test([said.title, name, ...said.keywords].join(' | '))) {
    dropped.words += 1;
    continue;
  }
  const picture = await rasterise(svg).catch(() => null);
  if (picture === null) {
    dropped.broken += 1;
    continue;
  }
  const { colors, chroma, share } = palette(picture.data);
  const { width, height } = picture.raw;
  if (colors < 6 || chroma < 16 || share < 0.2 || Math.min(width, height) < SIZE / 4) {
    dropped.look += 1;
    continue;
  }
  const print = `${width} ${height} ${picture.data.reduce((sum, value) => (sum * 31 + value) >>> 0, 7)}`;
  if (seen.has(print)) {
    dropped.twice += 1;
    continue;
  }
  seen.add(print);
  const out = join('clipart', `${sources.length}.webp`);
  await sharp(picture.data, { raw: picture.raw })
    .webp({ quality: 82, alphaQuality: 90, effort: 4 })
    .toFile(join(work, out));
  sources.push({
    file: out,
    source: relative(root, join(root, file)),
    ...said,
    caption: caption(said),
    ...PACKAGE,
    licence: 'Public domain (Creative Commons Public Domain Dedication)',
  });
}
writeFileSync(join(work, 'clipart', 'sources.json'), JSON.stringify(sources, null, 1));
console.log(
  `${sources.length} of ${files.length} drawings in ${join(work, 'clipart')}; left out ${JSON.stringify(dropped)}`,
);
