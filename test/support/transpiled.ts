import { mkdtemp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { inject } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

let built: Promise<string> | undefined;

/**
 * Resolves to a directory with the current `src/` as JavaScript, created once for each worker. A program that starts from it
 * takes half the processor time of one that a loader translates, and the tests start about a hundred.
 */
export function transpiled(): Promise<string> {
  const runDirectory = inject('runDirectory') as string | undefined;
  // The end-to-end suite has no directory of the run; its command builds `dist/` first.
  built ??=
    runDirectory === undefined ? Promise.resolve(join(root, 'dist')) : transpile(runDirectory);
  return built;
}

/** Writes each module to its own file, like `tsc`: paths are resolved relative to them. */
const keepModules: esbuild.Plugin = {
  name: 'keep-modules',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    );
  },
};

async function transpile(runDirectory: string): Promise<string> {
  const directory = await mkdtemp(join(runDirectory, 'program-'));
  // Migrations, pages, policies, packages and the module type are looked up beside `dist/`.
  for (const name of ['prisma', 'pages', 'policies', 'node_modules', 'package.json']) {
    await symlink(join(root, name), join(directory, name));
  }
  const outdir = join(directory, 'dist');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['./src/**/*.ts'],
    outbase: 'src',
    outdir,
    bundle: true,
    packages: 'external',
    plugins: [keepModules],
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  return outdir;
}
