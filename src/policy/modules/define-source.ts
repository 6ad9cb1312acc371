import type { SourceUrl } from '../policy.ts';
import { hint } from '../yaml/schema-error.ts';
import { partProblem } from '../yaml/validate.ts';

/** A server of the application that a module declares. A policy contains it if the module exports it. */
export interface DefinedSource {
  readonly name: string;
  readonly url: SourceUrl;
  /** The place of the token that Usher sends to an HTTP source. */
  readonly token?: SourceUrl | undefined;
}

const defined = new WeakSet();

/** Whether `defineSource` returned this value. */
export function isDefinedSource(value: unknown): value is DefinedSource {
  return typeof value === 'object' && value !== null && defined.has(value);
}

const variable = /^[A-Z][A-Z0-9_]{0,99}$/;

/** Declares a server of the application. Throws an `Error` that names it if the declaration is invalid. */
export function defineSource(
  name: string,
  spec: Pick<DefinedSource, 'url' | 'token'>,
): DefinedSource {
  const { url, token, ...others } = Object(spec) as typeof spec;
  const invalid = (why: string) => new Error(`Source ${name}: ${why}`);
  if (partProblem('name', name) !== undefined) throw invalid('invalid name');
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw invalid(`unknown key ${unknown}; ${hint(unknown, ['url', 'token'])}`);
  const source = Object.freeze({
    name,
    url: readPlace(url, 'url', invalid),
    ...(token !== undefined && { token: readPlace(token, 'token', invalid) }),
  });
  defined.add(source);
  return source;
}

function readPlace(place: SourceUrl, key: string, invalid: (why: string) => Error): SourceUrl {
  const { env, file, ...others } = Object(place) as {
    readonly env?: unknown;
    readonly file?: unknown;
  };
  const isVariable = typeof env === 'string' && variable.test(env) && file === undefined;
  const isFile = typeof file === 'string' && /^\/./.test(file) && env === undefined;
  if (Object.keys(others).length > 0 || !(isVariable || isFile)) {
    throw invalid(
      `the ${key} must be { env: 'NAME' }, a variable in upper case, or { file: '/path' }`,
    );
  }
  return Object.freeze({ ...place });
}

/** A declaration with the name of its source. */
export function withSourceName<Spec extends { readonly source: string | DefinedSource }>(
  spec: Spec,
): Omit<Spec, 'source'> & { readonly source: string } {
  const { source } = spec;
  return { ...spec, source: isDefinedSource(source) ? source.name : source };
}
