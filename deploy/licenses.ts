import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

/** The licences of the packages to which these files belong, with their texts. Throws if one has none. */
export function thirdPartyLicenses(files: readonly string[]): string {
  const directories = new Set(files.flatMap((file) => packageOf(file) ?? []));
  const texts = [...directories].map(licenseOf).sort();
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  return ['Usher contains these packages.', ...new Set(texts)].join(rule) + '\n';
}

/** `node_modules/@scope/name` of `node_modules/@scope/name/lib/file.js`, also within another package. */
function packageOf(file: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

function licenseOf(directory: string): string {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
  const { name, version, license } = manifest;
  if (license === undefined) throw new Error(`${name} ${version} names no licence`);
  const texts = readdirSync(directory)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(directory, file), 'utf8').trim());
  if (texts.length === 0) texts.push(standardText(manifest));
  return [`${name} ${version} (${license})`, ...texts].join('\n\n');
}

/** The text of the MIT licence, which a few packages name and do not contain. */
function standardText({ name, license, author }: Manifest): string {
  if (license !== 'MIT' || author === undefined) throw new Error(`${name} has no licence text`);
  const holder = typeof author === 'string' ? author : author.name;
  return readFileSync('LICENSE', 'utf8')
    .trim()
    .replace(/^Copyright.*$/m, `Copyright (c) ${holder}`);
}
