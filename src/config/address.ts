import { isIP, isIPv6 } from 'node:net';
import type { Setting } from './setting.ts';

type Extras = Pick<Setting<string>, 'fallback'>;

const labels = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_-]+)*\.?$/;

const isHost = (value: string): boolean => isIP(value) !== 0 || labels.test(value);

/** An address to listen on: an IP address, or a name that the system resolves. */
export const listenHost = (doc: string, extras: Extras = {}): Setting<string> => ({
  doc,
  parse: (value) =>
    isHost(value)
      ? { value }
      : { problem: 'must be an IP address or a host name, without a scheme and a port' },
  ...extras,
});

/** The host of a Pusher server as it stands in a URL, an IPv6 address in brackets; `undefined` for what is no host. */
export function urlHost(value: string): string | undefined {
  const bare = /^\[(.*)\]$/.exec(value)?.[1] ?? value;
  if (isIPv6(bare)) return bare.includes('%') ? undefined : `[${bare}]`;
  return bare === value && isHost(value) ? value : undefined;
}

/** What `urlHost` does not take. */
export const urlHostProblem =
  'must be a host name or an IP address, without a scheme, a port or a path';

/** A host to which Usher connects. */
export const serverHost = (doc: string): Setting<string> => ({
  doc,
  parse: (value) => {
    const host = urlHost(value);
    return host === undefined
      ? { problem: `${urlHostProblem}; the port belongs in PUSHER_PORT` }
      : { value: host };
  },
});

/** What may stand in a path and in a signature as it is: an id, a key or a cluster of a Pusher app. */
export const isPusherWord = (value: string): boolean => /^[A-Za-z0-9._~=+@!*-]{1,200}$/.test(value);

/** What `isPusherWord` does not take. */
export const pusherWordProblem = 'must be letters, digits, and . _ - ~ = + @ ! * only';

/** An id, a key or a cluster of a Pusher app. */
export const pusherWord = (
  doc: string,
  extras: Pick<Setting<string>, 'development'> = {},
): Setting<string> => ({
  doc,
  parse: (value) => (isPusherWord(value) ? { value } : { problem: pusherWordProblem }),
  ...extras,
});
