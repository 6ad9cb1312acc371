// Deletes the type declarations below a directory that neither `usher` nor `usher/policy` refers to: most of them are those
// of Prisma's tables.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

const [directory = 'dist'] = process.argv.slice(2);
const used = new Set<string>();

function use(file: string): void {
  if (used.has(file)) return;
  used.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(
    /(?:from |import\()['"](\.[^'"]+)\.[jt]s['"]/g,
  );
  for (const [, path = ''] of imports) use(resolve(file, '..', `${path}.d.ts`));
}

use(resolve(directory, 'library.d.ts'));
use(resolve(directory, 'policy/modules/index.d.ts'));
for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
  const file = resolve(directory, name);
  if (file.endsWith('.d.ts') && !used.has(file)) rmSync(file);
}
