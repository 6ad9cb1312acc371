import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

import { cleanUpAfterExit } from '../../support/clean-up.ts';
import type { Row } from './report.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A file with a row of the fault table, as JSON, on each line. */
    faultRows: string;
    /** The directory of the servers' data. It is removed after the run, and processes that still use it are ended. */
    faultDirectory: string;
  }
}

const page = fileURLToPath(new URL('../../../docs/RELIABILITY.md', import.meta.url));
const [begin, end] = ['<!-- faults: begin -->\n', '<!-- faults: end -->'];

/** Collects what the tests measured and prints the table; with `USHER_WRITE_RELIABILITY` set, into `docs/RELIABILITY.md` too. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-faults-'));
  // As root, servers below it run as another user, which needs access to it.
  await chmod(directory, 0o711);
  cleanUpAfterExit(directory);
  const file = join(directory, 'rows');
  await writeFile(file, '');
  project.provide('faultRows', file);
  project.provide('faultDirectory', directory);
  return async () => {
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    await rm(directory, { recursive: true, force: true });
    const table = toTable(lines.map((line) => JSON.parse(line) as Row));
    console.log(`\n${table}`);
    if (process.env['USHER_WRITE_RELIABILITY'] !== undefined) await writeInto(page, table);
  };
}

function toTable(rows: readonly Row[]): string {
  const cells = rows.map(({ fault, clientsSaw, lost, recovery, test }) =>
    [fault, clientsSaw, lost, recovery, `\`${test}\``].join(' | '),
  );
  const head = 'fault | what clients saw | lost | back after | test';
  return [head, '--- | --- | --- | --- | ---', ...cells].map((row) => `| ${row} |\n`).join('');
}

async function writeInto(path: string, table: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const before = text.slice(0, text.indexOf(begin) + begin.length);
  await writeFile(path, `${before}\n${table}\n${text.slice(text.indexOf(end))}`);
}
