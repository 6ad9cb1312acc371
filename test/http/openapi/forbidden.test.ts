import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestUsher } from '../../support/usher.ts';
import { send } from '../requests.ts';
import { createFixture, present, readDocument, signWebhook, type Fixture } from './fixture.ts';
import { forbiddenBy, wrongValues } from './forbidden.ts';
import { at, operationsOf, type Documented } from './read-document.ts';
import { documentedBody, requestOf, type Change } from './requests.ts';
import { createSchemas, expectDocumented } from './schemas.ts';

const document = await readDocument();
const schemas = createSchemas(document);
const json = 'application/json';

const follow = (rule: object): object =>
  '$ref' in rule ? (at(document, rule.$ref as string) as object) : rule;

interface Row {
  readonly documented: Documented;
  /** JSON pointer of the schema that forbids it. */
  readonly schema: string;
  readonly wrong: unknown;
  readonly change: Change;
}

const inBodies = operationsOf(document).flatMap((documented) => {
  const { pointer, operation, method, path } = documented;
  const schema = operation.requestBody?.content[json]?.schema;
  if (schema === undefined) return [];
  return forbiddenBy(schema, documentedBody(documented, '', json), follow).map(
    ({ why, value }): readonly [string, Row] => [
      `${method} ${path} ${why}`,
      {
        documented,
        schema: `${pointer}/requestBody/content/application~1json/schema`,
        wrong: value,
        change: { value },
      },
    ],
  );
});

const inPaths = operationsOf(document).flatMap((documented) =>
  documented.operation.parameters.flatMap((parameter, index) => {
    const { method, path, pointer } = documented;
    if (parameter.in !== 'path' || !('pattern' in parameter.schema)) return [];
    return wrongValues(parameter.schema)
      .filter(([, value]) => typeof value === 'string' && value !== '')
      .map(([why, value]): readonly [string, Row] => [
        `${method} ${path} ${parameter.name} ${why}`,
        {
          documented,
          schema: `${pointer}/parameters/${index}/schema`,
          wrong: value,
          change: { inPath: { [parameter.name]: value as string } },
        },
      ]);
  }),
);

describe('input that a schema forbids is refused', () => {
  let world: Fixture;
  let usher: TestUsher;
  beforeAll(async () => {
    world = await createFixture();
    usher = await world.start();
  });
  afterAll(async () => {
    await usher.stop();
    await world.stop();
  });

  it('in bodies and paths', () => {
    expect([inBodies.length > 100, inPaths.length > 10]).toEqual([true, true]);
  });

  it.each([...inBodies, ...inPaths])(
    '%s',
    async (_title, { documented, schema, wrong, change }) => {
      expect(schemas.problems(schema, wrong)).toBeDefined();
      const credentials = await present(Object.keys(documented.operation.security[0] ?? {}), usher);
      const type = documented.operation.requestBody && json;
      const request = requestOf(documented, { name: '', type }, { ...credentials, ...change });
      // The signature covers the bytes; without it nothing of the body would be read.
      const signed = documented.path === '/pusher/webhooks' && signWebhook(request.body ?? '');
      const headers = { ...request.headers, ...signed };
      const response = await send(usher[documented.port], { ...request, headers });
      expect([response.status, response.text]).toEqual([400, response.text]);
      expectDocumented(documented, response, { document, schemas });
    },
  );
});
