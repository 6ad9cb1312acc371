import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { exportFrom, importInto } from '../composition/commands/transfer.ts';
import { loadConfig } from '../config/load.ts';
import type { AddCommand } from './command.ts';
import { withFileErrors } from './file-error.ts';

const standard = '-';

export const addExport: AddCommand = (program, { env, report, output }) => {
  program
    .command('export')
    .description('write every row of the database to a file, one JSON object per line')
    .argument('<file>', 'a new file, readable only by its owner; - for standard output')
    .action(async (path: string) => {
      const config = loadConfig(env());
      const write = path === standard ? writeOutput : writeFile(path);
      const counts = await withFileErrors(path, 'written', () => exportFrom(config, write));
      if (path === standard) output.writeErr(`${linesFor(counts)}\n`);
      else report(linesFor(counts));
    });
};

export const addImport: AddCommand = (program, { env, report }) => {
  program
    .command('import')
    .description('import an export into an empty database')
    .argument('<file>', 'a file from `usher export`; - for standard input')
    .action(async (path: string) => {
      const config = loadConfig(env());
      const counts = await withFileErrors(path, 'read', () => importInto(config, read(path)));
      report(linesFor(counts));
    });
};

type Write = Parameters<typeof exportFrom>[1];

const writeOutput: Write = (chunks) =>
  pipeline(Readable.from(chunks), process.stdout, { end: false });

/** An existing file stays unchanged; an incomplete file is removed. */
function writeFile(path: string): Write {
  return async (chunks) => {
    const file = await open(path, 'wx', 0o600);
    try {
      await pipeline(Readable.from(chunks), file.createWriteStream({ flush: true }));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  };
}

async function* read(path: string): AsyncGenerator<Uint8Array> {
  // Opened by the first read: without a reader, an error would end the process.
  yield* path === standard
    ? createReadStream('', { fd: 0, autoClose: false })
    : createReadStream(path);
}

function linesFor(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([table, rows]) => `rows of ${table}: ${rows}`)
    .join('\n');
}
