import type { FastifyRequest } from 'fastify';
import type { FactKind } from '../../../policy/fact-kind.ts';
import { idCharacters } from '../../../policy/param.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { malformed } from '../../output/problem.ts';

/** The kinds of fact of the current policy, by their names. */
export type FactKinds = ReadonlyMap<string, FactKind>;

/** The fact that a path names. */
export interface NamedFact {
  readonly kind: FactKind;
  readonly ids: readonly string[];
}

/** The ids of a `path` of a kind: what a channel name can contain. */
export const pathIdPattern = `^[${idCharacters}]{1,80}$`;
const pathId = new RegExp(pathIdPattern);

/**
 * The segments of the path of a request, each decoded by itself: `%2F` is part of an id. The router has refused a path that
 * cannot be decoded.
 */
export function segmentsOf({ raw: { url = '' } }: FastifyRequest): readonly string[] {
  const [path = ''] = url.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/);
  return path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decodeURIComponent);
}

/** Finds the fact of `/facts/{kind}/{id}/{id}…`; `undefined` for another path. Throws a 400 for ids that the kind does not have. */
export function factAt(kinds: FactKinds, segments: readonly string[]): NamedFact | undefined {
  const [, name = '', ...ids] = segments;
  const kind = kinds.get(name);
  return kind && { kind, ids };
}

/** Finds the fact of a `path` of a kind; `undefined` for another path. Throws a 400 for an id that no channel name can contain. */
export function factAtPathOfKind(
  kinds: FactKinds,
  segments: readonly string[],
): NamedFact | undefined {
  for (const kind of kinds.values()) {
    const pattern = kind.path?.replace(/^\/|\/$/g, '').split('/');
    if (pattern?.length !== segments.length) continue;
    const ids = matchIds(pattern, segments);
    if (ids === undefined) continue;
    for (const name of kind.ids) checkId(name, ids.get(name) ?? '');
    return { kind, ids: kind.ids.map((name) => ids.get(name) ?? '') };
  }
  return undefined;
}

function matchIds(
  pattern: readonly string[],
  segments: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const ids = new Map<string, string>();
  for (const [place, part] of pattern.entries()) {
    const segment = segments[place] ?? '';
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== segment : segment === '') return undefined;
    if (name !== undefined) ids.set(name, segment);
  }
  return ids;
}

function checkId(name: string, id: string): void {
  if (id.length > maxCharacters.id) throw malformed(`The ${name} in the path is too long`);
  if (!pathId.test(id)) throw malformed(`params/${name} must match pattern "${pathIdPattern}"`);
}
