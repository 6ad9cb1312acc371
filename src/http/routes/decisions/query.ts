import {
  decisionFilters,
  type DecisionFilter,
  type DecisionFilterName,
  type DecisionPageQuery,
  type DecisionPosition,
  type DecisionQuery,
} from '../../../audit/decision-filters.ts';
import { decisionIdPattern } from '../../../audit/audit-event.ts';
import { parseDatetime } from '../../../runtime/datetime.ts';
import { parseJson } from '../../../runtime/json.ts';
import { fieldsOf, textQuery } from '../../input/body.ts';
import { malformed } from '../../output/problem.ts';

/** The maximum length of a value, as in the audit log. */
export const maxValueLength = 512;

/** The number of decisions of a page. */
export const pageLimits = { default: 50, max: 200 } as const;

const filterNames = Object.keys(decisionFilters) as DecisionFilterName[];

/** A row of another table is written later than a stream reads. */
export const streamFilterNames: readonly string[] = filterNames.filter(
  (name) => !('table' in decisionFilters[name]),
);

/** The error messages, which the documentation shows. */
export const queryFaults = {
  limit: `limit must be a whole number from 1 to ${pageLimits.max}`,
  after: 'after is malformed; send the value of `next`',
  range: 'from must be before to',
  time: (name: string) => `${name} must be a time with its zone such as 2025-12-31T11:00:00Z`,
} as const;

/** Reads the query of a page. Throws a 400 that names the parameter. */
export function readPageQuery(query: unknown): DecisionPageQuery {
  refuseUnknown(query, [...filterNames, 'from', 'to', 'after', 'limit']);
  const [from, to] = [timeOf(query, 'from'), timeOf(query, 'to')];
  if (from !== undefined && to !== undefined && from >= to) throw malformed(queryFaults.range);
  const before = parsePosition(textQuery(query, 'after', maxValueLength));
  return { filters: filtersOf(query), from, to, before, limit: limitOf(query) };
}

/** Reads the filters of a stream. Throws a 400 that names the parameter. */
export function readStreamQuery(query: unknown): DecisionQuery {
  refuseUnknown(query, streamFilterNames);
  return filtersOf(query);
}

/** A misspelt filter would select other decisions than intended. */
function refuseUnknown(query: unknown, known: readonly string[]): void {
  if (Object.keys(fieldsOf(query)).every((name) => known.includes(name))) return;
  throw malformed(`The query may have: ${known.join(', ')}`);
}

function filtersOf(query: unknown): DecisionQuery {
  const given = filterNames.flatMap((name) => {
    const value = textQuery(query, name, maxValueLength);
    if (value === undefined) return [];
    const { values }: DecisionFilter = decisionFilters[name];
    if (values?.includes(value) === false) {
      throw malformed(`${name} must be ${values.join(' or ')}`);
    }
    return [[name, value]];
  });
  return Object.fromEntries(given) as DecisionQuery;
}

function timeOf(query: unknown, name: string): number | undefined {
  const text = textQuery(query, name, maxValueLength);
  if (text === undefined) return undefined;
  const time = parseDatetime(text);
  if (time === undefined) throw malformed(queryFaults.time(name));
  return time;
}

function limitOf(query: unknown): number {
  const text = textQuery(query, 'limit', maxValueLength);
  if (text === undefined) return pageLimits.default;
  const limit = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > pageLimits.max) throw malformed(queryFaults.limit);
  return limit;
}

/** Encodes the position for the query of the next page. */
export function formatPosition({ at, decisionId }: DecisionPosition): string {
  return Buffer.from(JSON.stringify([Math.round(at), decisionId])).toString('base64url');
}

/** A position contains nothing secret and grants nothing, so it needs no signature. */
function parsePosition(text: string | undefined): DecisionPosition | undefined {
  if (text === undefined) return undefined;
  const parsed = parseJson(Buffer.from(text, 'base64url').toString());
  const [at, decisionId] = Array.isArray(parsed) ? (parsed as readonly unknown[]) : [];
  const isTime = Number.isSafeInteger(at) && Math.abs(at as number) <= 8.64e15;
  if (!isTime || typeof decisionId !== 'string' || !isDecisionId.test(decisionId)) {
    throw malformed(queryFaults.after);
  }
  return { at: at as number, decisionId };
}

const isDecisionId = new RegExp(decisionIdPattern);
