import type { FastifyInstance } from 'fastify';
import {
  endGuestSession,
  linkGuestSession,
  startGuestSession,
  type GuestSessionDeps,
} from '../../../authorize/guest-sessions.ts';
import type { CountFailure, CountGuestSession } from '../../../rate-limit/request-limits.ts';
import { originOf } from '../../input/auth-request.ts';
import { bearerCredentials, guestSessionCredentials } from '../../input/credentials.ts';
import { generalResponses } from '../../output/refusal-response.ts';
import { sendRefusal } from '../../output/response.ts';
import { endDocs, linkDocs, startDocs } from './docs.ts';

interface GuestSessionRouteDeps extends GuestSessionDeps {
  readonly countFailure: CountFailure;
  readonly countGuestSession: CountGuestSession;
}

/** Adds the routes of guest sessions: start, link at login, end at logout. */
export function addGuestSessions(server: FastifyInstance, deps: GuestSessionRouteDeps): void {
  const { countFailure, countGuestSession } = deps;
  const refusing = { responses: generalResponses, countFailure };

  const starting = { config: { docs: startDocs } };
  server.post('/api/guest-sessions', starting, async (request, reply) => {
    await countGuestSession(request);
    const { sessionId, token, expiresAt } = await startGuestSession(deps);
    return reply.header('cache-control', 'no-store').send({
      guest_session_id: sessionId,
      token,
      expires_at: new Date(expiresAt).toISOString(),
    });
  });

  server.post(
    '/api/guest-sessions/link',
    { config: { action: 'link-guest-session', docs: linkDocs } },
    async (request, reply) => {
      const linked = await linkGuestSession(
        {
          user: bearerCredentials(request),
          guest: guestSessionCredentials(request),
          origin: originOf(request),
        },
        deps,
      );
      if (linked.outcome === 'refusal') return sendRefusal([request, reply], linked, refusing);
      void reply.header('x-decision-id', linked.id);
      return { guest_session_id: linked.sessionId, user_id: linked.userId };
    },
  );

  server.delete(
    '/api/guest-sessions/current',
    { config: { action: 'end-guest-session', docs: endDocs } },
    async (request, reply) => {
      const ended = await endGuestSession(
        { guest: guestSessionCredentials(request), origin: originOf(request) },
        deps,
      );
      if (ended.outcome === 'refusal') return sendRefusal([request, reply], ended, refusing);
      return reply.code(204).header('x-decision-id', ended.id).send();
    },
  );
}
