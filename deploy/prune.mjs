// Removes files from ./node_modules that the built Usher in ./dist never opens: packages that no dependency in package.json
// needs, Prisma's engines for other databases and other builds, type declarations and source maps.
// `npm prune --omit=dev` keeps Prisma's command line, TypeScript and React: @prisma/client names them as optional peers.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = resolve('.');

/** The directory of a package as Node.js resolves it from another package's directory, or `undefined`. */
const findPackage = (name, from) => {
  const directory = join(from, 'node_modules', name);
  if (existsSync(directory)) return directory;
  return from === project ? undefined : findPackage(name, dirname(from));
};

const readManifest = (directory) =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));

/** Adds the directories of all packages that the one in `directory` needs at run time. */
const addNeeded = (directory, needed) => {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } =
    readManifest(directory);
  const peers = Object.keys(peerDependencies ?? {}).filter(
    (name) => peerDependenciesMeta?.[name]?.optional !== true,
  );
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies }).concat(peers)) {
    const found = findPackage(name, directory);
    if (found === undefined || needed.has(found)) continue;
    needed.add(found);
    addNeeded(found, needed);
  }
  return needed;
};

/** The directories of all packages below a `node_modules` directory, outer ones first. */
const packagesIn = (modules) =>
  (existsSync(modules) ? readdirSync(modules) : [])
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(modules, name)).map((part) => join(name, part))
        : [name],
    )
    .map((name) => join(modules, name))
    .flatMap((directory) => [directory, ...packagesIn(join(directory, 'node_modules'))]);

const filesIn = (directory) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => resolve(entry.parentPath, entry.name));

const generated = filesIn('dist/database/generated').filter((file) => file.endsWith('.js'));
const imported = generated.flatMap((file) => [
  ...(readFileSync(file, 'utf8').match(/@prisma\/client\/runtime\/[\w.-]+/g) ?? []),
]);
if (imported.length === 0) throw new Error('dist/ imports nothing of Prisma: build first');
const opened = new Set(imported.map((name) => fileURLToPath(import.meta.resolve(name))));

const modules = join(project, 'node_modules');
const needed = addNeeded(project, new Set());
const unneeded = packagesIn(modules).filter((directory) => !needed.has(directory));
const engines = filesIn(join(modules, '@prisma', 'client', 'runtime')).filter(
  (file) => !opened.has(file),
);
for (const path of [...unneeded, ...engines]) rmSync(path, { recursive: true, force: true });
for (const file of filesIn(modules)) if (/\.(d\.[cm]?ts|map)$/.test(file)) rmSync(file);
