import type { AuthZenAsk, AskRequest, AskResponse } from '../policy/ask.ts';
import { viewOf } from '../policy/principal.ts';
import type { BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import { urlOfPath, type HttpSource } from './application-client.ts';
import { memberOf, readJsonObject } from './json-response.ts';

/** AuthZEN Authorization API 1.0, §10.1.1. */
export const authZenPath = '/access/v1/evaluation';

/**
 * Requests from a policy decision point whether the principal may subscribe. Throws `Unavailable` unless it responds 200 with a decision:
 * any other status is a fault of the configuration or of the decision point (§10.1.2).
 */
export function askAuthZen(
  ask: AuthZenAsk,
  request: AskRequest,
  source: HttpSource,
): Promise<AskResponse> {
  const evaluation = evaluationOf(request);
  const url = urlOfPath(source, authZenPath);
  return source.client.send({
    // With the roles and the attributes: another credential of the same user may have others.
    key: `${url.href} ${JSON.stringify(evaluation)}`,
    url,
    headers: {
      ...source.headers,
      accept: 'application/json',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ ...evaluation, context: { socket_id: request.socketId } }),
    silenceMs: ask.timeoutMs,
    read: readDecision,
  });
}

/** The request without the socket: it is the same for every socket of a principal. */
function evaluationOf({ channel, family, params, principal }: AskRequest) {
  const { id, ...properties } = viewOf(principal);
  return {
    subject: { type: principal.kind, id, properties },
    action: { name: 'subscribe' },
    resource: {
      type: 'channel',
      id: channel.text,
      properties: { form: channel.form, family, params },
    },
  };
}

function readDecision({ status, text }: BoundedResponse): AskResponse {
  if (status !== 200) throw new Error(`The response has status ${status}`);
  const decision = memberOf(readJsonObject(text), 'decision');
  if (typeof decision !== 'boolean') throw new Error('The response has no decision');
  return { isGranted: decision };
}
