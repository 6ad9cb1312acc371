import type { SourceUrl } from '../policy.ts';

/** A server of the application that a module declares. A policy contains it if the module exports it. */
export interface DefinedSource {
  readonly name: string;
  readonly url: SourceUrl;
}

const defined = new WeakSet();

/** Whether `defineSource` returned this value. */
export function isDefinedSource(value: unknown): value is DefinedSource {
  return typeof value === 'object' && value !== null && defined.has(value);
}

const variable = /^[A-Z][A-Z0-9_]{0,99}$/;

/** Declares a server that Usher asks. Throws an `Error` that names it if the declaration is invalid. */
export function defineSource(name: string, { url }: { readonly url: SourceUrl }): DefinedSource {
  const invalid = (why: string) => new Error(`Source ${name}: ${why}`);
  if (!/^[a-z_][A-Za-z0-9_]{0,63}$/.test(name)) throw invalid('invalid name');
  const { env, file, ...others } = Object(url) as {
    readonly env?: unknown;
    readonly file?: unknown;
  };
  const isVariable = typeof env === 'string' && variable.test(env) && file === undefined;
  const isFile = typeof file === 'string' && /^\/./.test(file) && env === undefined;
  if (Object.keys(others).length > 0 || !(isVariable || isFile)) {
    throw invalid(
      "the url must be { env: 'NAME' }, a variable in upper case, or { file: '/path' }",
    );
  }
  const source = Object.freeze({ name, url: Object.freeze({ ...url }) });
  defined.add(source);
  return source;
}
