import { afterAll, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { addChannelAuth } from '../../../src/http/routes/channel-auth/route.ts';
import { createHeadersOf } from '../../../src/http/input/auth-request.ts';
import { addPolicyRoutes } from '../../../src/http/routes/policy-routes/route.ts';
import { createServer } from '../../../src/http/server.ts';
import { check, refuse, type RefusalCode } from '../../../src/policy/decision.ts';
import { shippedPolicy } from '../../support/shipped-policy.ts';
import { recordingDeps } from '../../authorize/authorizing.ts';
import { guestRequest, userRequest } from '../requests.ts';
import type { TestRequest } from '../requests.ts';
import { scenarios } from './refusal-scenarios.ts';

const codes = Object.keys(scenarios) as RefusalCode[];
/** A response must not reveal that a booking or an escrow exists: missing and foreign objects get the same response. */
const alike: readonly RefusalCode[] = ['fact-missing', 'booking-closed', 'not-allowed'];

/** A server whose decisions are all refusals, with the code that is set last. */
function refusingServer() {
  let code: RefusalCode = 'not-allowed';
  const server = createServer({ logger: pino({ level: 'silent' }), trustedProxies: [] });
  const checks = [check('a check nobody outside may read', false)];
  const refusal = () => refuse({ id: 'the-decision', action: 'subscribe', checks }, code);
  const deps = {
    // In place of the decision.
    ...recordingDeps({ measure: () => Promise.resolve(refusal() as never) }).deps,
    sign: () => {
      throw new Error('Nothing may be signed');
    },
    headersOf: createHeadersOf([]),
    credentialsOf: () => [],
    countFailure: () => Promise.resolve(),
  };
  addChannelAuth(server, deps);
  addPolicyRoutes(server, deps);
  return { server, refuseWith: (next: RefusalCode) => (code = next) };
}

describe('the response to each refusal', () => {
  const { server, refuseWith } = refusingServer();
  afterAll(() => server.close());

  const responseTo = ({ path, headers, body }: TestRequest, code: RefusalCode) => {
    refuseWith(code);
    return server.inject({
      method: 'POST',
      url: path,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      payload: body instanceof URLSearchParams ? body.toString() : '',
    });
  };

  it('exists for each code of the shipped policies', () => {
    expect(codes).toEqual(expect.arrayContaining([...shippedPolicy.codes.keys()]));
  });

  it.each(codes)('%s has three fields on the general routes', async (code) => {
    const response = await responseTo(userRequest(), code);
    expect([400, 401, 403, 429]).toContain(response.statusCode);
    expect(Object.keys(response.json())).toStrictEqual(['error', 'message', 'request_id']);
    expect(response.headers['x-decision-id']).toBe('the-decision');
    expect(response.body).not.toContain('nobody outside');
  });

  it.each(codes)('%s has two fields in the hotel chat', async (code) => {
    const response = await responseTo(guestRequest(), code);
    expect([400, 403, 429]).toContain(response.statusCode);
    expect(Object.keys(response.json())).toStrictEqual(['error', 'message']);
    expect(response.headers['x-decision-id']).toBe('the-decision');
  });

  it.each([
    ['general', userRequest],
    ['hotel', guestRequest],
  ])('is the same for missing and foreign objects (%s)', async (_route, requestFor) => {
    const seen = new Set<string>();
    for (const code of alike) {
      const response = await responseTo(requestFor(), code);
      const { error, message } = response.json<{ error: string; message: string }>();
      seen.add(`${String(response.statusCode)} ${error} ${message}`);
    }
    expect(seen.size).toBe(1);
  });
});
