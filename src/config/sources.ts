import { readFile } from 'node:fs/promises';
import type { SourcePolicy } from '../policy/policy.ts';
import { hostUrlProblems } from '../runtime/network/fetch-url.ts';
import { Secret } from '../runtime/secret.ts';
import { hostDatabaseProblem } from './address.ts';
import type { Config } from './load.ts';

/** A source of the policy with its URL. */
export interface Source {
  readonly name: string;
  readonly kind: 'postgres' | 'mysql' | 'http';
  readonly url: Secret;
}

/** A source that cannot be used, as a line that has its place and never its URL. */
export interface UnusableSource {
  readonly problem: string;
}

const kinds: Readonly<Record<string, Source['kind']>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  https: 'http',
  http: 'http',
};

/** Reads the URL of a source from the environment or from its file. */
export async function resolveSource(
  { name, url, place }: SourcePolicy,
  variable: Config['variable'],
): Promise<Source | UnusableSource> {
  const where = 'env' in url ? `the environment variable ${url.env}` : `the file ${url.file}`;
  const unusable = (what: string) => ({ problem: `${place}: source ${name}: ${what}` });
  const text = 'env' in url ? (variable(url.env) ?? '') : await readLine(url.file);
  if (typeof text !== 'string') return unusable(`${where} cannot be read: ${text.code}`);
  if (text === '') return unusable(`${where} is ${'env' in url ? 'not set' : 'empty'}`);
  const kind = kinds[/^([a-z]+):\/\//.exec(text)?.[1] ?? ''];
  if (kind === undefined) {
    return unusable(
      `${where} must have a URL that begins with postgres://, mysql://, mariadb:// or https://`,
    );
  }
  const problem = kind === 'http' ? httpProblem(text) : hostDatabaseProblem(text);
  if (problem !== undefined) return unusable(`${where} ${problem}`);
  return { name, kind, url: new Secret(text) };
}

function httpProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL such as https://www.example';
  return hostUrlProblems(new URL(text))[0];
}

/** The content of a file without the line break at its end, or why it cannot be read. */
async function readLine(file: string): Promise<string | { readonly code: string }> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? 'unknown error' };
  }
}
