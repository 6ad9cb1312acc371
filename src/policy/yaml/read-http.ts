import type { Ask } from '../ask.ts';
import type { HttpOrigin } from '../fact-kind.ts';
import { forwardNothing, type Forward } from '../forward.ts';
import type { Path } from './read-document.ts';
import type { SchemaFault } from './schema-error.ts';

type RawForward = readonly (string | { readonly cookie: readonly string[] })[];

/** A fact by HTTP, as in the file. */
export interface RawHttpFact {
  readonly source: string;
  readonly path: string;
  readonly timeout?: string;
  readonly fresh?: string;
  readonly members?: Readonly<Record<string, string | readonly string[]>>;
  readonly forward?: RawForward;
}

interface RawAskRequest {
  readonly source: string;
  readonly timeout?: string;
}

/** The `ask` of a channel, as in the file. */
export interface RawAsk {
  readonly laravel?: RawAskRequest & { readonly path?: string; readonly forward: RawForward };
  readonly authzen?: RawAskRequest;
  readonly shadow?: boolean;
}

const defaultFactTimeout = '1s';
const defaultAskTimeout = '10s';
/** The default path of Laravel. */
const defaultPath = '/broadcasting/auth';

export const toHttpFact = ({
  source,
  path,
  timeout = defaultFactTimeout,
  members = {},
  forward,
}: RawHttpFact): Omit<HttpOrigin, 'type' | 'freshMs'> => ({
  source,
  path,
  members: new Map(Object.entries(members).map(([field, names]) => [field, [names].flat()])),
  timeoutMs: toMilliseconds(timeout),
  forward: forward === undefined ? forwardNothing : toForward(forward),
});

export function toAsk({ laravel, authzen, shadow: isShadow = false }: RawAsk): Ask {
  const timeoutMs = toMilliseconds((laravel ?? authzen)?.timeout ?? defaultAskTimeout);
  if (laravel === undefined) {
    return { type: 'authzen', source: authzen?.source ?? '', timeoutMs, isShadow };
  }
  const { source, path = defaultPath, forward } = laravel;
  return { type: 'laravel', source, path, forward: toForward(forward), timeoutMs, isShadow };
}

/** The milliseconds of a text such as `500ms` or `5s`. */
function toMilliseconds(text: string): number {
  return text.endsWith('ms') ? Number.parseInt(text, 10) : Number.parseInt(text, 10) * 1000;
}

const toForward = (list: RawForward): Forward => ({
  headers: list.flatMap((each) => (typeof each === 'string' ? [each.toLowerCase()] : [])),
  cookies: list.flatMap((each) => (typeof each === 'string' ? [] : each.cookie)),
});

/** The headers that belong to one connection or to one body, and those that Usher sends itself. */
const ownHeaders =
  /^(?:accept|accept-encoding|connection|content-.*|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/;

/** A check that the schema cannot express: members for fields that the kind does not have. `at` is the place of the mapping. */
export function checkMembers(
  members: HttpOrigin['members'],
  fields: readonly string[],
  at: Path,
): readonly SchemaFault[] {
  return [...members.keys()]
    .filter((name) => !fields.includes(name))
    .map((name) => ({
      path: [...at, 'members', name],
      part: 'key',
      message: `\`${name}\` is no field of this kind of fact: ${fields.join(', ')}`,
    }));
}

/** A check that the schema cannot express: headers that cannot be forwarded. `at` is the place of the mapping with `forward`. */
export function checkForward({ headers, cookies }: Forward, at: Path): readonly SchemaFault[] {
  const path = [...at, 'forward'];
  const fault = (message: string): SchemaFault => ({ path, part: 'value', message });
  return [
    ...headers
      .filter((name) => ownHeaders.test(name))
      .map((name) =>
        fault(`${name} cannot be passed on: it belongs to the connection or the body`),
      ),
    ...(headers.includes('cookie') && cookies.length > 0
      ? [fault('`cookie` passes all cookies on; name either all or some of them')]
      : []),
  ];
}
