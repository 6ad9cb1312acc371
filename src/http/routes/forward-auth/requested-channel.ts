import type { FastifyRequest } from 'fastify';
import type { Policy } from '../../../policy/policy.ts';
import { headerValues } from '../../input/raw-headers.ts';
import { textQuery } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { malformed } from '../../output/problem.ts';
import { doorChannel } from './door-channel.ts';

/** The headers in which proxies send the URI of the client's request. */
const uriHeaders = ['X-Original-URI', 'X-Original-URL', 'X-Forwarded-Uri'] as const;

/** The errors, which the documentation shows. */
export const targetFaults = {
  missing: 'channel or X-Original-URI is required',
  unknown: 'The path of the original request is not a WebSocket path of the policy',
  malformed: 'The URI of the original request is malformed',
  differentUris: 'The headers with the URI of the original request differ',
  differentChannels: 'channel and the URI of the original request are different channels',
} as const;

/** The URI of the client's request. */
interface OriginalUri {
  readonly path: string;
  readonly query: string;
}

/**
 * Returns the name of the channel that a proxy requests: `channel` of the query, or the channel of the door whose path
 * the client requested. Throws a 400 for neither and for a contradiction. A client can send a header that the proxy
 * does not overwrite, so no header is preferred.
 */
export function requestedChannel(
  request: FastifyRequest,
  { doors }: Pick<Policy, 'doors'>,
): string {
  const inPath = appendedUri(request);
  const uris = [...(inPath === undefined ? [] : [inPath]), ...urisInHeaders(request)];
  const named =
    inPath !== undefined || hasQueryOfClient(request, uris)
      ? undefined
      : textQuery(request.query, 'channel', maxCharacters.channelName);
  const [first, ...others] = uris;
  if (first === undefined) {
    if (named === undefined) throw malformed(targetFaults.missing);
    return named;
  }
  const ofDoor = doorChannel(first.path, doors);
  if (others.some(({ path }) => doorChannel(path, doors) !== ofDoor)) {
    throw malformed(targetFaults.differentUris);
  }
  if (named !== undefined && ofDoor !== undefined && named !== ofDoor) {
    throw malformed(targetFaults.differentChannels);
  }
  const channel = ofDoor ?? named;
  if (channel === undefined) throw malformed(targetFaults.unknown);
  return channel;
}

/**
 * True if the query may be the client's, which Caddy keeps if its own address has none. Otherwise a client could name a
 * channel that it may enter, for any path.
 */
function hasQueryOfClient({ raw }: FastifyRequest, uris: readonly OriginalUri[]): boolean {
  const [, own = ''] = (raw.url ?? '').split(/\?(.*)/s);
  const channels = channelsIn(own);
  return uris.some(({ query }) => channelsIn(query) === channels);
}

function channelsIn(query: string): string {
  return new URLSearchParams(query).getAll('channel').join('&');
}

/** Returns the path that Envoy appends to the path of this route. */
function appendedUri({ raw }: FastifyRequest): OriginalUri | undefined {
  // The parameter of the route is decoded: an encoded slash would begin a segment.
  const target = (raw.url ?? '').replace(/^https?:\/\/[^/?]*/i, '');
  const [, appended] = /^\/+forward-auth(\/.*)$/s.exec(target) ?? [];
  if (appended !== undefined) return parseUri(appended);
  if (/^\/+forward-auth(?:\?|$)/.test(target)) return undefined;
  // The name of the route is percent-encoded.
  throw malformed(targetFaults.malformed);
}

function urisInHeaders(request: FastifyRequest): readonly OriginalUri[] {
  return uriHeaders.flatMap((name) => {
    const [text, second] = headerValues(request.raw.rawHeaders, name);
    if (second !== undefined) throw malformed(`${name} is repeated`);
    return text === undefined || text === '' ? [] : [parseUri(text)];
  });
}

/** Parses a path with a query, or a URL with both. */
function parseUri(text: string): OriginalUri {
  const target = text.replace(/^(?:https?|wss?):\/\/[^/?#]+/i, '');
  // A server may read `#` as the end of the path, or as part of it.
  if (!/^\/[!"$-~]*$/.test(target)) throw malformed(targetFaults.malformed);
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  return { path, query };
}
