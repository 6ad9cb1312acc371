import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import type { FastifyInstance } from 'fastify';
import type { RefusalCode } from '../../src/core/decision.ts';
import { addChannelAuth } from '../../src/http/channel-auth.ts';
import { addGuestChatAuth } from '../../src/http/guest-chat-auth.ts';
import { createServer } from '../../src/http/server.ts';
import { guestAsks, userAsks } from './asking.ts';
import type { Asking } from './asking.ts';
import { scenarios } from './refusal-scenarios.ts';

const codes = Object.keys(scenarios) as RefusalCode[];
/** Nobody may learn from an answer that a booking or an escrow exists: whatever is missing looks like whatever is not yours. */
const alike: readonly RefusalCode[] = ['fact-missing', 'booking-closed', 'not-allowed'];

/** A server whose decisions are all refusals, with the code that the socket id names. */
function refusingServer(): FastifyInstance {
  const server = createServer({ logger: pino({ level: 'silent' }), trustedProxies: [] });
  const ports = {
    authorizeChannel: ({ socketId }: { readonly socketId: string }) =>
      Promise.resolve({
        outcome: 'refusal' as const,
        id: 'the-decision',
        action: 'subscribe' as const,
        code: socketId as RefusalCode,
        checks: [{ name: 'a check nobody outside may read', passed: false, code: 'wrong-kind' }],
      } as const),
    sign: () => {
      throw new Error('Nothing may be signed');
    },
    present: () => [],
    countFailure: () => Promise.resolve(),
  };
  addChannelAuth(server, ports);
  addGuestChatAuth(server, ports);
  return server;
}

describe('the answer to each refusal', () => {
  let server: FastifyInstance;
  beforeAll(() => {
    server = refusingServer();
  });
  afterAll(() => server.close());

  const answerTo = ({ path, headers, body }: Asking) =>
    server.inject({
      method: 'POST',
      url: path,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      payload: body instanceof URLSearchParams ? body.toString() : '',
    });

  it.each(codes)('%s has three fields on the general routes', async (code) => {
    const answer = await answerTo(userAsks({ fields: { socket_id: code } }));
    expect([400, 401, 403, 429]).toContain(answer.statusCode);
    expect(Object.keys(answer.json())).toStrictEqual(['error', 'message', 'request_id']);
    expect(answer.headers['x-decision-id']).toBe('the-decision');
    expect(answer.body).not.toContain('nobody outside');
  });

  it.each(codes)('%s has two fields in the hotel chat', async (code) => {
    const answer = await answerTo(guestAsks({ fields: { socket_id: code } }));
    expect([400, 403, 429]).toContain(answer.statusCode);
    expect(Object.keys(answer.json())).toStrictEqual(['error', 'message']);
    expect(answer.headers['x-decision-id']).toBe('the-decision');
  });

  it.each([
    ['general', userAsks],
    ['hotel', guestAsks],
  ])('what is missing and what is not yours look alike (%s)', async (_route, asks) => {
    const answers = await Promise.all(
      alike.map((code) => answerTo(asks({ fields: { socket_id: code } }))),
    );
    const seen = answers.map((answer) => {
      const { error, message } = answer.json<{ error: string; message: string }>();
      return `${String(answer.statusCode)} ${error} ${message}`;
    });
    expect(new Set(seen).size).toBe(1);
  });
});
