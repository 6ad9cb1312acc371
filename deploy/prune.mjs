// Removes from ./node_modules what the built Usher in ./dist never opens: Prisma's engines for other databases and other
// builds, type declarations and source maps.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const filesIn = (directory) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => resolve(entry.parentPath, entry.name));

const generated = filesIn('dist/resources/generated').filter((file) => file.endsWith('.js'));
const imported = generated.flatMap((file) => [
  ...(readFileSync(file, 'utf8').match(/@prisma\/client\/runtime\/[\w.-]+/g) ?? []),
]);
if (imported.length === 0) throw new Error('dist/ imports nothing of Prisma: build first');
const opened = new Set(imported.map((name) => fileURLToPath(import.meta.resolve(name))));

const runtime = join('node_modules', '@prisma', 'client', 'runtime');
const engines = filesIn(runtime).filter((file) => !opened.has(file));
const untold = filesIn('node_modules').filter((file) => /\.(d\.[cm]?ts|map)$/.test(file));
for (const file of [...engines, ...untold]) rmSync(file, { force: true });
