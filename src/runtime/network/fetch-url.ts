import { isLoopback } from './loopback.ts';

/** Fetch standard, §2.9 "Port blocking": `fetch` rejects these ports before it connects. */
const blockedPorts: ReadonlySet<number> = new Set([
  ...[1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95],
  ...[101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179],
  ...[389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601],
  ...[636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566],
  ...[6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);

/**
 * Returns the reason for which `fetch` would reject this address before it connects. The text follows the name of a
 * setting. Returns `undefined` for a valid address.
 */
export function fetchUrlProblem(url: URL): string | undefined {
  return blockedPorts.has(Number(url.port))
    ? 'must not use a port that the Fetch standard blocks, such as 25 or 6000'
    : credentialsProblem(url);
}

/** Returns the reasons for which this address cannot be that of the application, which receives cookies and tokens. */
export function applicationUrlProblems(url: URL): readonly string[] {
  const problem = fetchUrlProblem(url);
  const isUnencrypted = url.protocol !== 'https:' && !isLocalHost(url.hostname);
  return [
    ...(problem === undefined ? [] : [problem]),
    ...(isUnencrypted ? ['must use https, except for a host without a dot in its name'] : []),
  ];
}

/** This machine, or a name of its container network, such as `web`: in any other network cookies would be unencrypted. */
function isLocalHost(hostname: string): boolean {
  return isLoopback(hostname.replace(/^\[|\]$/g, '')) || /^[A-Za-z0-9_-]+$/.test(hostname);
}

/**
 * Returns the reason for which this address cannot be that of a key set, or `undefined`. An attacker who can change the
 * response in transit could sign tokens.
 */
export function keySetUrlProblem(url: URL): string | undefined {
  const isLocal = url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
  if (url.protocol !== 'https:' && !isLocal) return 'must use https';
  return credentialsProblem(url);
}

function credentialsProblem({ username, password }: URL): string | undefined {
  return username !== '' || password !== '' ? 'must not have a user name or a password' : undefined;
}
