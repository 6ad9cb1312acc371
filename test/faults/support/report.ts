import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';

import { expect, inject } from 'vitest';

/** One fault of the table in `docs/RELIABILITY.md`. */
export interface Row {
  readonly fault: string;
  readonly clientsSaw: string;
  readonly lost: string;
  readonly recovery: string;
  readonly test: string;
}

/** Adds what a test measured to the table. */
export function report(row: Omit<Row, 'test'>): void {
  const test = basename(expect.getState().testPath ?? '');
  appendFileSync(inject('faultRows'), `${JSON.stringify({ ...row, test })}\n`);
}

/** A time in the format of the table. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
