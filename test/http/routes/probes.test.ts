import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { addProbes } from '../../../src/http/routes/operator/route.ts';
import { createServer } from '../../../src/http/server.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';

const logger = pino({ level: 'silent' });

it.each([
  ['ready', { status: 200, body: { status: 'ready' } }],
  ['degraded', { status: 200, body: { status: 'degraded' } }],
  ['unavailable', { status: 503, body: { message: 'Try again in a moment' } }],
  ['closing', { status: 503, body: { status: 'closing' } }],
])('/readyz of a service that is %s', async (state, expected) => {
  const server = createServer({ logger, trustedProxies: [] });
  onTestFinished(() => server.close());
  addProbes(server, {
    pings: [
      () =>
        state === 'unavailable' ? Promise.reject(new Unavailable('database')) : Promise.resolve(),
    ],
    isClosing: () => state === 'closing',
    isDegraded: () => state === 'degraded',
    limitScope: undefined,
    policyProblems: () => undefined,
    hasSecretFailures: () => false,
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(`${address}/readyz`);
  expect({ status: response.status, body: await response.json() }).toMatchObject(expected);
});
