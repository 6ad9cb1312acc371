import type { Expectation, PolicyTestDocument } from './policy-document.ts';
import type { Raw } from './raw.ts';
import type { Path } from './read-document.ts';
import { createReader } from './read-file.ts';
import {
  checkWho,
  toFactValues,
  toPrincipals,
  type RawFactValues,
  type RawPrincipals,
} from './read-values.ts';
import type { SchemaFault } from './schema-error.ts';

/** A `*.test.yaml` file, as in the file. */
interface RawPolicyTest {
  readonly now?: string;
  readonly principals?: RawPrincipals;
  readonly facts?: RawFactValues;
  readonly expect: readonly RawExpectation[];
}

interface RawExpectation {
  readonly who?: string;
  readonly channel: string;
  readonly refuse?: string;
  readonly tenant?: string;
  readonly route?: string;
  readonly pins?: Raw<string>;
  readonly host?: 'yes' | 'no';
  readonly also_granted?: readonly string[];
}

/** Reads a `*.test.yaml` file. */
export const readPolicyTestFile = createReader<RawPolicyTest, PolicyTestDocument>({
  schema: 'policy-test.schema.json',
  foreign: {
    keys: ['channels', 'routes', 'doors', 'issuers', 'codes', 'demo', 'sources'],
    names: 'a policy; a name that ends in .test.yaml is that of a test',
  },
  convert: ({ now, principals, facts, expect }) => ({
    ...(now !== undefined && { now: toTime(now) }),
    principals: toPrincipals(principals, ['principals']),
    facts: toFactValues(facts, ['facts']),
    expect: expect.map((each, i) => toExpectation(each, ['expect', i])),
  }),
  check: ({ now, principals, expect }) => [
    ...checkNow(now),
    ...expect.flatMap((each) => checkWho(each, principals)),
  ],
});

/** Milliseconds, or NaN: the parser of JavaScript takes 30 February as 1 March. */
function toTime(text: string): number {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  const isDate = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
  return isDate ? Date.parse(text) : NaN;
}

function checkNow(now: number | undefined): readonly SchemaFault[] {
  if (now === undefined || !Number.isNaN(now)) return [];
  return [{ path: ['now'], part: 'value', message: '`now` is not a time that exists' }];
}

function toExpectation(
  {
    refuse,
    tenant,
    route,
    who,
    channel,
    pins = {},
    host = 'no',
    also_granted: alsoGranted = [],
  }: RawExpectation,
  at: Path,
): Expectation {
  return {
    at,
    channel,
    pins,
    alsoGranted,
    applicationGrants: host === 'yes',
    ...(who !== undefined && { who }),
    ...(tenant !== undefined && { tenant }),
    ...(route !== undefined && { route }),
    outcome: refuse === undefined ? { grant: true } : { refuse },
  };
}
