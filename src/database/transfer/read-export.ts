import { TextDecoder } from 'node:util';
import { format } from './tables.ts';
import { TransferRefused } from './transfer-refused.ts';

/** Rows of one table, each as its line of the file. */
export interface Batch {
  readonly table: string;
  readonly lines: readonly string[];
  /** The number of the last of these lines in the file, counted from 1. */
  readonly lastLine: number;
}

/** Limits of a batch, so that the longest row bounds the memory. The first limit that is reached ends the batch. */
const maxRows = 500;
const maxCharacters = 1_000_000;

/**
 * Yields the batches of an export of this migration. Throws `TransferRefused` if the file is of another migration, is
 * not an export, is damaged, or is incomplete. The caller must then discard all earlier batches.
 */
export async function* readExport(
  chunks: AsyncIterable<Uint8Array>,
  migration: string,
): AsyncGenerator<Batch> {
  const counts = new Map<string, number>();
  let [number, characters] = [0, 0];
  let table = '';
  let lines: string[] = [];
  let end: object | undefined;
  for await (const line of linesOf(chunks)) {
    number += 1;
    const parsed = parse(line, number);
    if (number === 1) {
      checkHeader(parsed, migration);
      continue;
    }
    if (end !== undefined) throw new TransferRefused(`Line ${number} follows the last line.`);
    const next = typeof parsed['table'] === 'string' ? parsed['table'] : undefined;
    const isFull = lines.length === maxRows || characters > maxCharacters;
    if (lines.length > 0 && (next !== table || isFull)) {
      yield { table, lines, lastLine: number - 1 };
      [lines, characters] = [[], 0];
    }
    if (next === undefined) {
      end = endIn(parsed, number);
      continue;
    }
    table = next;
    lines.push(line);
    characters += line.length;
    counts.set(table, (counts.get(table) ?? 0) + 1);
  }
  if (end === undefined)
    throw new TransferRefused('The file was cut short: its last line is missing.');
  checkCounts(end, counts);
}

/** Not `readline`, which also splits lines at U+2028 and U+2029. JSON strings may contain both. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + decode(decoder, chunk)).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
  rest += decode(decoder);
  if (rest !== '') yield rest;
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw new TransferRefused('The file is damaged: it is not UTF-8.');
  }
}

function parse(line: string, number: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The message of the error would quote the row.
  }
  throw new TransferRefused(
    `Line ${number} is not a JSON object: the file is damaged, was cut short, or is not an export.`,
  );
}

function checkHeader(header: Readonly<Record<string, unknown>>, migration: string): void {
  if (typeof header['format'] !== 'number' || typeof header['migration'] !== 'string') {
    throw new TransferRefused('The file is not an export of Usher: its first line is missing.');
  }
  if (header['format'] !== format) {
    throw new TransferRefused(
      `The export has format ${header['format']}, and this Usher reads format ${format}. Import with the version of Usher that wrote it.`,
    );
  }
  if (header['migration'] !== migration) {
    throw new TransferRefused(
      `The export was written under the migration ${JSON.stringify(header['migration'])}, and this database has ${migration}. ` +
        'Import with the version of Usher that wrote it, then upgrade.',
    );
  }
}

function endIn(parsed: Readonly<Record<string, unknown>>, number: number): object {
  if (typeof parsed['end'] === 'object' && parsed['end'] !== null) return parsed['end'];
  throw new TransferRefused(`Line ${number} is neither a row nor the last line of an export.`);
}

function checkCounts(end: object, counts: ReadonlyMap<string, number>): void {
  const expected = new Map<string, unknown>(Object.entries(end));
  for (const table of new Set([...expected.keys(), ...counts.keys()])) {
    const [wanted, found] = [expected.get(table), counts.get(table) ?? 0];
    if (wanted !== found) {
      throw new TransferRefused(
        `The file is damaged: it has ${found} rows of ${JSON.stringify(table)}, and its last line says ${String(wanted)}.`,
      );
    }
  }
}
