import type { DoorDeclaration, RouteDeclaration } from './policy-document.ts';
import { entriesOf, namesInBraces, type Raw } from './raw.ts';
import type { Path } from './read-document.ts';
import { hint, type SchemaFault } from './schema-error.ts';

/** A route, as in the file. */
export interface RawRoute {
  readonly about?: string;
  readonly credential: RouteDeclaration['credential'];
  readonly pins?: Raw<string>;
  readonly only?: readonly string[];
  readonly answers?: string;
}

/** A door, as in the file. */
export interface RawDoor {
  readonly about?: string;
  readonly channel: string;
  readonly upstream: { readonly env: string };
}

export const toRoutes = (
  routes: Raw<RawRoute> | undefined,
  at: Path,
): readonly RouteDeclaration[] =>
  entriesOf(routes, at).map(({ key, value, at: place }) => ({
    pins: {},
    only: [],
    ...value,
    path: key,
    at: place,
  }));

export const toDoors = (doors: Raw<RawDoor> | undefined, at: Path): readonly DoorDeclaration[] =>
  entriesOf(doors, at).map(({ key, value, at: place }) => ({ ...value, path: key, at: place }));

/** The fields of the body that a route reads for other things than its credential. */
const otherFields = ['socket_id', 'channel_name'];

/** What the schema cannot say: a route pins parameters of its path, and its credential is a field of its own. */
export const checkRoute = ({
  at,
  path,
  pins,
  credential,
}: RouteDeclaration): readonly SchemaFault[] => [
  ...checkPath(path, at),
  ...otherFields
    .filter((name) => name === credential.field)
    .map((name): SchemaFault => {
      const message = `${name} is a field of every request, and cannot be the credential`;
      return { path: [...at, 'credential', 'field'], part: 'value', message };
    }),
  ...unknownNames(Object.keys(pins), path).map((name): SchemaFault => {
    return { path: [...at, 'pins', name], part: 'key', message: notInPath(name, path) };
  }),
];

/** A check that the schema cannot express: the channel of a door has only parameters of its path. */
export const checkDoor = ({ at, path, channel }: DoorDeclaration): readonly SchemaFault[] => [
  ...checkPath(path, at),
  ...unknownNames(namesInBraces(channel), path).map((name): SchemaFault => {
    return { path: [...at, 'channel'], part: 'value', message: notInPath(name, path) };
  }),
];

function checkPath(path: string, at: Path): readonly SchemaFault[] {
  const names = namesInBraces(path);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return [];
  return [{ path: at, part: 'key', message: `the parameter ${twice} is repeated in the path` }];
}

const unknownNames = (names: readonly string[], path: string): readonly string[] =>
  names.filter((name) => !namesInBraces(path).includes(name));

const notInPath = (name: string, path: string): string =>
  `${name} is not a parameter of the path; ${hint(name, namesInBraces(path))}`;
