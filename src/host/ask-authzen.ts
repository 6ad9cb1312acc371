import type { AuthZenAsk, ChannelQuestion, HostAnswer } from '../policy/ask.ts';
import { viewOf } from '../policy/principal.ts';
import type { BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import { addressOf, type HostSource } from './host-source.ts';
import { memberOf, readJsonObject } from './json-answer.ts';

/** AuthZEN Authorization API 1.0, §10.1.1. */
const path = '/access/v1/evaluation';

/**
 * Asks a policy decision point whether the principal may subscribe. Throws `Unavailable` unless it answers 200 with a decision:
 * any other status is a fault of the configuration or of the decision point (§10.1.2).
 */
export function askAuthZen(
  ask: AuthZenAsk,
  question: ChannelQuestion,
  source: HostSource,
): Promise<HostAnswer> {
  const evaluation = evaluationOf(question);
  const url = addressOf(source, path);
  return source.client.ask({
    // With the roles and the attributes: another credential of the same user may have others.
    key: `${url.href} ${JSON.stringify(evaluation)}`,
    url,
    headers: {
      ...source.headers,
      accept: 'application/json',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ ...evaluation, context: { socket_id: question.socketId } }),
    silenceMs: ask.timeoutMs,
    read: readDecision,
  });
}

/** The request without the socket: it is the same for every socket of a principal. */
function evaluationOf({ channel, family, params, principal }: ChannelQuestion) {
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

function readDecision({ status, text }: BoundedResponse): HostAnswer {
  if (status !== 200) throw new Error(`It answered with status ${status}`);
  const decision = memberOf(readJsonObject(text), 'decision');
  if (typeof decision !== 'boolean') throw new Error('It answered without a decision');
  return { isYes: decision };
}
