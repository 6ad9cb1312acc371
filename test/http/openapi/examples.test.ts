import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Start } from '../../../src/app.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { createNoPeers } from '../../../src/workers/peers.ts';
import { testNow } from '../../support/tokens.ts';
import type { TestUsher } from '../../support/usher.ts';
import type { TestResponse } from '../requests.ts';
import { createFixture, readDocument, withoutDatabase, type Fixture } from './fixture.ts';
import { limits, untilLimited } from './limited.ts';
import {
  documentedResponses,
  documentedResponse,
  operationsOf,
  type Documented,
} from './read-document.ts';
import { replay } from './replay.ts';
import { mediaTypes } from './requests.ts';
import { createSchemas, expectDocumented } from './schemas.ts';

const document = await readDocument();
const schemas = createSchemas(document);

interface Row {
  readonly title: string;
  readonly documented: Documented;
  readonly name: string;
  readonly type: string | undefined;
  readonly status: number;
}

/** A body that is not JSON may be a form. */
const typesOf = (documented: Documented, name: string): readonly (string | undefined)[] =>
  name === 'not-json' ? ['application/json'] : mediaTypes(documented);

const rows: readonly Row[] = operationsOf(document).flatMap((documented) =>
  documentedResponses(documented).flatMap(([name, status]) =>
    typesOf(documented, name).map((type) => ({
      title: `${documented.method} ${documented.path} ${name} (${type ?? 'no body'})`,
      documented,
      name,
      type,
      status,
    })),
  ),
);

/** These need another service than the one that runs all the time. */
const elsewhere = new Set([
  ...[
    'unavailable',
    'silent-worker',
    'policy-failed',
    'token-required',
    'closing',
    ...Object.keys(limits),
  ],
  // `test/http/routes/decision-list.test.ts` has these: a stream does not end.
  ...['stream', 'too-many-streams', 'closing-stream'],
  // `test/http/routes/policy-trial.test.ts` covers this response, which needs another open trial.
  'another-trial',
]);

/**
 * The token is for one channel, so no connection has too many there. The policy of the example has a mistake, so nothing
 * queries the database; `test/http/routes/policy-trial.test.ts` has one without.
 */
const isPossible = ({ documented: { path }, name }: Row): boolean =>
  !(path.startsWith('/api/guest/') && name === 'too-many-subscriptions') &&
  !(path === '/policy/try' && name === 'unavailable');

/** With its title first: where it is a field, the titles of tests are cut off. */
const titled = (some: readonly Row[]): readonly (readonly [string, Row])[] =>
  some.map((row) => [row.title, row]);

const rowsOf = (name: string): readonly Row[] =>
  rows.filter((row) => row.name === name && isPossible(row));

function expectExample({ title, documented, name, status }: Row, response: TestResponse): void {
  expect([title, response.status, response.text]).toEqual([title, status, response.text]);
  expectDocumented(documented, response, { document, schemas });
  const example = documentedResponse(documented, name, status);
  if (typeof example === 'string') {
    for (const line of example.trimEnd().split('\n')) expect(response.text).toContain(line);
  } else if (example !== undefined) {
    expect(withoutRandom(response.body)).toStrictEqual(withoutRandom(example));
  }
}

/** By chance, or of the policy. */
const byChance = new Set([
  ...['request_id', 'decision_id', 'user_agent', 'hash', 'policy'],
  ...['guest_session_id', 'token', 'ticket', 'channels'],
]);

function withoutRandom(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each: unknown) => (byChance.has(key) ? 'by chance' : each)),
  );
}

let world: Fixture;

beforeAll(async () => {
  world = await createFixture();
});

afterAll(async () => {
  await world.stop();
});

/** An Usher for the tests of one `describe`. */
function useUsher(
  settings: Readonly<Record<string, string>> = {},
  start: Start = {},
): () => TestUsher {
  let usher: TestUsher | undefined;
  beforeAll(async () => {
    usher = await world.start(settings, start);
  });
  afterAll(async () => {
    await usher?.stop();
  });
  return () => usher!;
}

describe('an example', () => {
  const usher = useUsher();

  it.each(titled(rows.filter(({ name }) => !elsewhere.has(name))))('%s', async (_title, row) => {
    usher().clock.now = testNow;
    expectExample(row, await replay(usher(), row.documented, row));
  });

  it('of a dependency that does not respond', async () => {
    expect(rowsOf('unavailable').length).toBeGreaterThan(20);
    await withoutDatabase(usher(), async () => {
      for (const row of rowsOf('unavailable')) {
        expectExample(row, await replay(usher(), row.documented, row));
      }
    });
  });
});

describe.each(Object.entries(limits))('an example of %s', (name, { settings }) => {
  const usher = useUsher(settings as Record<string, string>);

  it.each(titled(rowsOf(name)))('%s', async (_title, row) => {
    expectExample(row, await untilLimited(usher(), row.documented, row));
  });
});

describe('an example of a port with a token', () => {
  const usher = useUsher({ OPS_TOKEN: 'a-token-of-sixteen-characters' });

  it.each(titled(rowsOf('token-required')))('%s', async (_title, row) => {
    expectExample(row, await replay(usher(), row.documented, row));
  });
});

describe('an example of a worker that does not respond', () => {
  const callAll = () => Promise.reject(new Unavailable('a worker'));
  const usher = useUsher({}, { peers: { ...createNoPeers(), worker: 1, callAll } });

  it.each(titled(rowsOf('silent-worker')))('%s', async (_title, row) => {
    expectExample(row, await replay(usher(), row.documented, row));
  });
});

it('an example of a policy with problems', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'policy.yaml');
  await writeFile(file, 'version: 1\n');
  const usher = await world.start({ POLICY: `builtin:*,${file}` });
  try {
    await writeFile(file, 'version: 1\nchanels: {}\n');
    const [row] = rowsOf('policy-failed');
    const { documented, name, status } = row!;
    const response = await replay(usher, documented, row!);
    expect(response.status).toBe(status);
    expectDocumented(documented, response, { document, schemas });
    const example = documentedResponse(documented, name, status) as PolicyProblems;
    const [problem = ''] = example.problems;
    const { problems } = response.body as PolicyProblems;
    expect(problems).toEqual([problem.replace('/etc/usher/policy.yaml', file)]);
  } finally {
    await usher.stop();
  }
});

interface PolicyProblems {
  readonly problems: readonly string[];
}

it.each(titled(rowsOf('closing')))('an example of closing: %s', async (_title, row) => {
  const usher = await world.start({ SHUTDOWN_NOTICE: '5s' });
  const stopped = usher.stop();
  try {
    expectExample(row, await replay(usher, row.documented, row));
  } finally {
    await stopped;
  }
});
