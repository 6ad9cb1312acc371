import { readFileSync } from 'node:fs';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { FastifyInstance } from 'fastify';
import { expect, it } from 'vitest';
import { components } from '../../../src/http/openapi/components.ts';
import { writeDocument } from '../../../src/http/openapi/document.ts';
import type { Operation } from '../../../src/http/openapi/operation.ts';
import {
  issueResponses,
  redeemResponses,
} from '../../../src/http/routes/tickets/refusal-responses.ts';
import { generalResponses, responsesOf } from '../../../src/http/output/refusal-response.ts';
import type { ErrorResponse } from '../../../src/http/output/errors.ts';
import { hotelAnswers, shippedPolicy } from '../../support/shipped-policy.ts';
import { documentedResponses, documentedResponse, operationsOf } from './read-document.ts';
import { readDocument } from './fixture.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

const { demo } = shippedPolicy;

/** All routes that were registered on each listener, as reported by Fastify. */
const registered: string[][] = [];

function listen(message: unknown): void {
  const { fastify } = message as { readonly fastify: FastifyInstance };
  const routes: string[] = [];
  registered.push(routes);
  fastify.addHook('onRoute', ({ method, url, config }) => {
    // Methods that a path does not accept get 405 and are not documented. A route for all methods is documented as GET.
    if (config?.isOtherMethod !== true && config?.isAnyMethod !== true)
      routes.push(...[method].flat().map((each) => `${each} ${url.replace(/:(\w+)/g, '{$1}')}`));
  });
}

subscribe('fastify.initialization', listen);
const document = await readDocument();
unsubscribe('fastify.initialization', listen);

/** HEAD exists for every GET; the CORS plugin responds to OPTIONS. The demo and the operator's page are not an API. */
const isOurs = (route: string): boolean =>
  !/^(HEAD|OPTIONS) |^GET \/(demo(\/|$)|operator\/|$)/.test(route);

it('is OpenAPI 3.1', async () => {
  expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
  expect(document).toMatchObject({ openapi: '3.1.0', info: { version } });
});

it.each(['public', 'operator'] as const)('has the routes of the %s port, and no others', (port) => {
  const documented = operationsOf(document).filter((operation) => operation.port === port);
  const routes = registered[port === 'public' ? 0 : 1] ?? [];
  // The paths of facts are those of the policy.
  const names = documented.map(
    ({ method, path }) => `${method} ${path.replace(/^\/(facts|resources)\/.*/, '/$1/*')}`,
  );
  expect([...new Set(names)].sort()).toEqual(routes.filter(isOurs).sort());
  expect(documented.length).toBeGreaterThan(10);
});

it('has a body for every response, and uses every request example for a response', () => {
  for (const documented of operationsOf(document)) {
    const { pointer, operation } = documented;
    const responses = documentedResponses(documented).map(([name]) => name);
    const examples = [
      ...operation.parameters.filter((each) => each.in !== 'path'),
      ...Object.values(operation.requestBody?.content ?? {}),
    ].flatMap(({ examples }) => Object.keys(examples ?? {}));
    for (const name of new Set(examples)) {
      // The signature for a principal of the demo depends on the keys, so that response has no body.
      if (name !== 'tenant' && !(responses.includes('bare') && demo.principals.has(name)))
        expect([pointer, responses]).toEqual([pointer, expect.arrayContaining([name])]);
    }
    expect(new Set(responses).size, `${pointer} has each name once`).toBe(responses.length);
  }
});

/** Examples by response, and the error messages without an example. */
const tables = [
  ['/broadcasting/auth', generalResponses, []],
  [
    '/api/guest/hotel/{hotel}/chat/pusher/auth',
    { ...responsesOf(hotelAnswers), otherwise: hotelAnswers.otherwise },
    // It accepts one token, and signs one channel for each connection.
    ['Only one token may be presented', 'Too many channels on this connection'],
  ],
  ['/api/websocket/ticket', issueResponses, ['Only one credential may be presented']],
  ['/api/websocket/ticket/redeem', redeemResponses, []],
] as const;

it.each(tables)('%s: has an example of every error message', (path, replies, never) => {
  const documented = operationsOf(document).find((operation) => operation.path === path)!;
  const examples = documentedResponses(documented).map(([name, status]) => {
    const response = documentedResponse(documented, name, status) as
      Partial<Readonly<Record<'message' | 'error', string>>> | undefined;
    return `${status} ${response?.message ?? response?.error ?? ''}`;
  });
  const refusals = Object.values<ErrorResponse>(replies).filter(
    ({ message }) => !never.some((each) => each === message),
  );
  const missing = refusals
    .map(({ status, message }) => `${status} ${message}`)
    .filter((each) => !examples.includes(each));
  expect(missing).toEqual([]);
});

it('uses all shared components', () => {
  const text = JSON.stringify([document.paths, components.schemas, components.headers]);
  for (const [kind, parts] of Object.entries(components)) {
    for (const name of Object.keys(parts)) {
      const mention =
        kind === 'securitySchemes' ? `"${name}":[]` : `"#/components/${kind}/${name}"`;
      expect(text).toContain(mention);
    }
  }
});

it('describes a parameter that only the policy declares by its name', () => {
  const operation = { responses: {} } as Operation;
  const routes = [{ method: 'GET', path: '/:unheardOf', operation }];
  const written = writeDocument({ public: routes, operator: [] }, 'http://127.0.0.1');
  expect(JSON.stringify(written)).toContain('The parameter `unheardOf` of the path');
});
