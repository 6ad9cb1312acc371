import type { AnswerStyle, Policy, RoutePolicy } from '../../../policy/policy.ts';
import { channelField, signature, tenantParameter } from '../../input/auth-request-docs.ts';
import { maxCharacters } from '../../input/lengths.ts';
import {
  decided,
  json,
  openObject,
  type Examples,
  type Operation,
  type Parameter,
  type Schema,
} from '../../openapi/operation.ts';
import {
  generalResponses,
  responsesOf,
  type RefusalResponse,
} from '../../output/refusal-response.ts';
import * as docs from '../../output/route-docs.ts';

/** OpenAPI of a route of the policy. The example is a channel of the demo that the route signs. */
export function policyRouteDocs(route: RoutePolicy, { channels, demo }: Policy): Operation {
  const { about, credential, only = [], answers } = route;
  const examples = demo.subscribe.filter(({ channel }) => {
    const match = channels.matchText(channel);
    return match !== undefined && only.includes(match.channelType.pattern.text);
  });
  const { field, query } = credential;
  return docs.describeRoute({
    tag: 'Channels',
    summary: about,
    description:
      only.length === 0
        ? 'The route authorizes all channels of the policy.'
        : `The only channels that this route signs are ${only.map((each) => `\`${each}\``).join(', ')}.`,
    security: [{ guestToken: [] }],
    parameters: [
      ...(query === undefined ? [] : [tokenParameter(query)]),
      ...(route.mayHaveTenant ? tenantParameter : []),
    ],
    body: { schema: bodySchema(field), examples: examplesOf(examples) },
    ok: decided(json('The signature for the Pusher server', signature, {})),
    faults: [
      ...docs.bodyFaults,
      ...refusalsOf(answers),
      docs.tooManyRefused,
      docs.unavailable,
      ...(answers === undefined ? [] : [docs.fault('missing', [400, answers.missing])]),
    ],
    ...(answers && { errorBody: answers }),
  });
}

function bodySchema(field: string | undefined): Schema {
  const token = {
    type: 'string',
    maxLength: maxCharacters.token,
    description: 'The token, if it is not in the query; the same one if it is',
  };
  const { properties, ...schema } = openObject({
    socket_id: { $ref: '#/components/schemas/SocketId' },
    channel_name: channelField,
  });
  return {
    ...schema,
    properties: { ...properties, ...(field !== undefined && { [field]: token }) },
  };
}

function tokenParameter(name: string): Parameter {
  return {
    name,
    in: 'query',
    description: 'The token',
    required: false,
    schema: { type: 'string', maxLength: maxCharacters.token },
    examples: {},
  };
}

function examplesOf(subscribe: Policy['demo']['subscribe']): Examples {
  return Object.fromEntries(
    subscribe.map(({ who, channel }) => [
      who,
      { value: { socket_id: '1234.5678', channel_name: channel } },
    ]),
  );
}

/** One example for each response. */
function refusalsOf(answers: AnswerStyle | undefined): readonly docs.ErrorExample[] {
  const responses: Readonly<Record<string, RefusalResponse>> =
    answers === undefined
      ? generalResponses
      : { ...responsesOf(answers), otherwise: answers.otherwise };
  const first = new Map<string, string>();
  for (const [code, { status, message }] of Object.entries(responses)) {
    // The route reads one credential.
    if (code === 'credential-conflict') continue;
    const key = `${status} ${message}`;
    if (!first.has(key)) first.set(key, code);
  }
  return docs.refusals(responses, [...first.values()]);
}
