import type { DoorPolicy } from '../../../policy/policy.ts';
import { fillNames } from '../../fastify-path.ts';

/**
 * Returns the channel that authorizes this path of a URL, with the parameters of the path. Returns `undefined` if no
 * door of the policy has the path. Like the router of Usher, it ignores the last slash, and prefers a literal segment to
 * a parameter.
 */
export function doorChannel(
  path: string,
  doors: ReadonlyMap<string, DoorPolicy>,
): string | undefined {
  const segments = decodedSegments(path);
  if (segments === undefined) return undefined;
  let best: Candidate | undefined;
  for (const [pattern, door] of doors) {
    const candidate = match(pattern, segments, door);
    if (candidate !== undefined && (best === undefined || candidate.rank < best.rank)) {
      best = candidate;
    }
  }
  return best?.channel;
}

interface Candidate {
  readonly channel: string;
  /** A character for each segment: 0 for a literal one, 1 for a parameter. */
  readonly rank: string;
}

function match(
  pattern: string,
  segments: readonly string[],
  { channel }: DoorPolicy,
): Candidate | undefined {
  const expected = pattern.split('/').filter((each) => each !== '');
  if (expected.length !== segments.length) return undefined;
  const params = new Map<string, string>();
  let rank = '';
  for (const [i, each] of expected.entries()) {
    const segment = segments[i] ?? '';
    const [, name] = /^\{(.*)\}$/.exec(each) ?? [];
    if (name === undefined && each !== segment) return undefined;
    if (name !== undefined) params.set(name, segment);
    rank += name === undefined ? '0' : '1';
  }
  return { rank, channel: fillNames(channel, (name) => params.get(name) ?? '') };
}

/**
 * Refuses empty segments, dot segments and encoded slashes. The server behind the proxy may resolve them before it
 * routes, or read `//name` as a host, so the path could be another one there.
 */
function decodedSegments(path: string): readonly string[] | undefined {
  const encoded = path.replace(/^\//, '').replace(/\/$/, '').split('/');
  const segments: string[] = [];
  for (const each of encoded) {
    const segment = decode(each);
    if (segment === undefined || /^\.{0,2}$|[/\\\0]/.test(segment)) return undefined;
    segments.push(segment);
  }
  return segments;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
