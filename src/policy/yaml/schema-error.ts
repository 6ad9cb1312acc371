import type { ErrorObject } from 'ajv/dist/2020.js';
import leven, { closestMatch } from 'leven';
import { quote } from './problem.ts';
import type { Part, Path } from './read-document.ts';

/** The problem of a value or of a key, in words. */
export interface SchemaFault {
  readonly path: Path;
  readonly part: Part;
  readonly message: string;
}

/** The parts of a schema that messages use. */
interface SchemaPart {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/**
 * Returns the errors that are causes: drops errors which only repeat that a nested schema does not match, and keeps only one of
 * several type errors of a value, the one that allows most types. An error about a key gets the key (`propertyName`), which the
 * next error contains.
 */
export function causesOf(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const causes: ErrorObject[] = [];
  const types = new Map<string, ErrorObject>();
  let key: ErrorObject | undefined;
  for (const error of [...errors].reverse()) {
    const { keyword, instancePath } = error;
    if (keyword === 'propertyNames') key = error;
    else if (keyword === 'type') {
      const known = types.get(instancePath);
      if (known === undefined || countTypes(known) < countTypes(error))
        types.set(instancePath, error);
    } else if (keyword !== 'if') causes.push(withKey(error, key));
  }
  return [...causes.filter((each) => !types.has(each.instancePath)), ...types.values()];
}

const countTypes = ({ schema }: ErrorObject): number => typesOf(schema).length;

function withKey(error: ErrorObject, key: ErrorObject | undefined): ErrorObject {
  const { propertyName } = (key?.params ?? {}) as { readonly propertyName?: string };
  const isAboutKey = error.instancePath === key?.instancePath && error.data === propertyName;
  return isAboutKey && propertyName !== undefined ? { ...error, propertyName } : error;
}

/** Turns an error of a validator into a message, at the key or at the value that is wrong. `root` is what was validated. */
export function describeError(error: ErrorObject, root = 'the file'): SchemaFault {
  const path = pathOf(error);
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'additionalProperties') {
    const key = String(params['additionalProperty']);
    return { path: [...path, key], part: 'key', message: unknownKey(key, error) };
  }
  if (error.propertyName !== undefined) {
    const key = error.propertyName;
    return { path: [...path, key], part: 'key', message: faultOf(key, quote(key), error) };
  }
  if (error.keyword === 'false schema') {
    const message = `${nameOf(path, root)} does not go together with the other keys here`;
    return { path, part: 'key', message };
  }
  if (error.keyword === 'uniqueItems') {
    const { i, j } = params as { readonly i: number; readonly j: number };
    const entry = [...path, Math.max(i, j)];
    return { path: entry, part: 'value', message: `${nameOf(entry, root)} is a duplicate` };
  }
  const isAboutKey = error.keyword === 'required' || error.keyword === 'dependentRequired';
  return {
    path,
    part: isAboutKey ? 'key' : 'value',
    message: faultOf(error.data, nameOfWrong(path, root, error), error),
  };
}

/** The path of a JSON pointer (RFC 6901). Keys of lists are their indices. */
function pathOf({ instancePath }: ErrorObject): Path {
  return instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** How a message names a value: by its key, or by its number in a list. */
function nameOf(path: Path, root: string): string {
  const last = path.at(-1);
  if (last === undefined) return root;
  return typeof last === 'string'
    ? `\`${quote(last)}\``
    : `entry ${last + 1} of ${nameOf(path.slice(0, -1), root)}`;
}

/** Of a wrong text the key is correct. The text itself is not repeated, because it may be a secret. */
function nameOfWrong(path: Path, root: string, { keyword }: ErrorObject): string {
  const isText = keyword === 'enum' || keyword === 'pattern';
  const name = nameOf(path, root);
  return isText && typeof path.at(-1) === 'string' ? `the value of ${name}` : name;
}

function unknownKey(key: string, { parentSchema }: ErrorObject): string {
  const { title = 'mapping', properties = {} } = parentSchema as SchemaPart;
  const known = Object.keys(properties);
  return `${quote(key)} is not a key of ${withArticle(title)}; ${hint(key, known)}`;
}

/** A longer list would hide the problem. */
const maxListed = 12;

/** The nearest of the known names. If none is near, all of them, unless there are many. */
export function hint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `the nearest is ${nearest}`;
  if (known.length < 2) return known[0] === undefined ? 'there is none' : `there is ${known[0]}`;
  return known.length > maxListed
    ? `none of the ${known.length} known ones is near`
    : `there are ${known.join(', ')}`;
}

/** The name that is probably misspelt: at most a third of it is wrong, or two letters. A less similar name would mislead. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const word = name.slice(0, 400).toLowerCase();
  const nearest = closestMatch(word, known);
  if (nearest === undefined) return undefined;
  const length = Math.max(word.length, nearest.length);
  // Two swapped letters have distance 2.
  const maxDistance = Math.max(length < 4 ? 1 : 2, length / 3);
  const isNear = leven(word, nearest.toLowerCase()) <= maxDistance;
  return isNear ? nearest : undefined;
}

/** For a value that is one of several words. */
function nearestOf(value: unknown, known: readonly string[]): string {
  const nearest = typeof value === 'string' ? nearestName(value, known) : undefined;
  return nearest === undefined ? '' : `; the nearest is ${nearest}`;
}

/** The message for a key or a value, in the words of its schema. */
function faultOf(value: unknown, name: string, error: ErrorObject): string {
  const { title = 'value', description = '' } = error.parentSchema as SchemaPart;
  const params = error.params as Readonly<Record<string, unknown>>;
  const limit = Number(params['limit']);
  switch (error.keyword) {
    case 'required':
      return `${withArticle(title)} requires the key \`${String(params['missingProperty'])}\``;
    case 'dependentRequired':
      return `\`${String(params['property'])}\` requires the key \`${String(params['missingProperty'])}\` beside it`;
    case 'type':
      return `${name} must be ${expectedType(error.schema)}, and is ${foundType(value, error.schema)}`;
    case 'const':
      return `${name} must be ${String(error.schema)}`;
    case 'enum':
      return `${name} is not ${withArticle(title)}: one of ${typesOf(error.schema).join(', ')}${nearestOf(value, typesOf(error.schema))}`;
    case 'not':
      return `${name} is a reserved word, and cannot be ${withArticle(title)}`;
    case 'pattern':
      return `${name} is not ${withArticle(title)}: ${description}`;
    case 'minLength':
      return `${name} is empty`;
    case 'maxLength':
      return `${name} has more than ${limit} characters`;
    case 'minItems':
    case 'minProperties':
      return `${name} has no entry`;
    case 'maxItems':
    case 'maxProperties':
      return `${name} has ${sizeOf(value)} entries; at most ${limit} are allowed`;
    case 'minimum':
      return `${name} must be at least ${limit}`;
    case 'maximum':
      return `${name} must be at most ${limit}`;
    default:
      return `${name} is not ${withArticle(title)}`;
  }
}

export const withArticle = (noun: string): string =>
  `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;

const sizeOf = (value: unknown): number => Object.keys(value as object).length;

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  object: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
  integer: 'an integer',
  number: 'a number',
  null: 'empty',
};

/** The types, or the values of an `enum`. */
const typesOf = (schema: unknown): readonly string[] => [schema].flat().map(String);

const expectedType = (schema: unknown): string =>
  typesOf(schema)
    .map((type) => typeNames[type] ?? type)
    .join(' or ');

function foundType(value: unknown, schema: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  const found = typeNames[typeof value] ?? typeof value;
  const isUnquoted = typeof value === 'number' || typeof value === 'boolean';
  return isUnquoted && typesOf(schema).includes('string') ? `${found}: write it in quotes` : found;
}
