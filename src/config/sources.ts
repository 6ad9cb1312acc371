import type { SourcePolicy, SourceUrl } from '../policy/policy.ts';
import { applicationUrlProblems } from '../runtime/network/fetch-url.ts';
import { readSecretFile } from '../runtime/secret-file.ts';
import { Secret } from '../runtime/secret.ts';
import { applicationDatabaseProblem } from './address.ts';
import type { Config } from './load.ts';

/** A source of the policy with its URL. */
interface Source {
  readonly name: string;
  readonly kind: 'postgres' | 'mysql' | 'http';
  readonly url: Secret;
  /** Sent to an HTTP source. */
  readonly token?: Secret;
}

/** A source that cannot be used, as a line that has its place and never its URL. */
interface UnusableSource {
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

/** Reads the URL and the token of a source from the environment or from their files. */
export function resolveSource(
  { name, url, token, place }: SourcePolicy,
  variable: Config['variable'],
): Source | UnusableSource {
  const unusable = (what: string) => ({ problem: `${place}: source ${name}: ${what}` });
  const where = whereOf(url);
  const text = readPlace(url, variable);
  if (typeof text !== 'string') return unusable(text.problem);
  const kind = kinds[/^([a-z]+):\/\//.exec(text)?.[1] ?? ''];
  if (kind === undefined) {
    return unusable(
      `${where} must have a URL that begins with postgres://, mysql://, mariadb:// or https://`,
    );
  }
  const problem = kind === 'http' ? httpProblem(text) : applicationDatabaseProblem(text);
  if (problem !== undefined) return unusable(`${where} ${problem}`);
  const source = { name, kind, url: new Secret(text) };
  if (token === undefined) return source;
  if (kind !== 'http') return unusable('only an HTTP source has a token');
  const secret = readPlace(token, variable);
  if (typeof secret !== 'string') return unusable(secret.problem);
  if (!/^[!-~]+$/.test(secret)) {
    return unusable(`${whereOf(token)} must have only visible ASCII characters`);
  }
  return { ...source, token: new Secret(secret) };
}

function whereOf(place: SourceUrl): string {
  return 'env' in place ? `the environment variable ${place.env}` : `the file ${place.file}`;
}

/** The text in a variable or in a file, which is not empty; or the problem. */
function readPlace(place: SourceUrl, variable: Config['variable']): string | UnusableSource {
  if ('env' in place) {
    const text = variable(place.env) ?? '';
    return text === '' ? { problem: `${whereOf(place)} is not set` } : text;
  }
  const read = readSecretFile(place.file);
  if ('problem' in read) return { problem: `the path ${place.file} ${read.problem}` };
  const text = read.text.trim();
  return text === '' ? { problem: `${whereOf(place)} is empty` } : text;
}

function httpProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL such as https://www.example';
  return applicationUrlProblems(new URL(text))[0];
}
