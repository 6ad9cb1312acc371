import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { name, version: packageVersion } = JSON.parse(
  readFileSync(new URL('package.json', import.meta.url), 'utf8'),
);

export const version = packageVersion;

/**
 * Bundles and minifies a file of `src/`, for browsers with ES2020.
 *
 * @param {'index.ts' | 'script.ts'} entry
 * @param {'esm' | 'cjs' | 'iife'} format
 * @returns {Promise<string>} JavaScript
 */
export async function bundle(entry, format) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`src/${entry}`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format,
    target: 'es2020',
    banner: { js: `/*! ${name} ${version}, MIT */` },
  });
  return outputFiles[0].text;
}
