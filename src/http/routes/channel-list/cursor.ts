import type { ListCursor } from '../../../policy/facts.ts';
import { malformed } from '../../output/problem.ts';
import { isJsonObject, parseJson } from '../../../runtime/json.ts';

/** Encodes a cursor for the query of the next page. */
export function formatCursor(cursor: ListCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/**
 * Parses a cursor. Throws a 400 for a text that `formatCursor` did not create. A cursor contains only a position, so it
 * needs no signature.
 */
export function parseCursor(text: string | undefined): ListCursor | undefined {
  if (text === undefined) return undefined;
  const cursor = parseJson(Buffer.from(text, 'base64url').toString());
  if (!isCursor(cursor)) throw malformed('after is malformed; send the value of `next`');
  return cursor;
}

function isCursor(value: unknown): value is ListCursor {
  if (!isJsonObject(value)) return false;
  return Object.entries(value).every(
    ([query, key]) => /^[0-9a-f]{16}$/.test(query) && typeof key === 'string',
  );
}
