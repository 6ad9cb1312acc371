import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';

const textOf = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

export interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly ports?: readonly string[];
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

/** `compose.yaml`, with the values of its environment file. */
export function readCompose(): Compose & { readonly used: ReadonlySet<string> } {
  const values = composeEnvironment();
  const used = new Set<string>();
  const text = textOf('compose.yaml').replaceAll(/\$\{(\w+):\?\}/g, (_all, name: string) => {
    used.add(name);
    return values[name] ?? '';
  });
  return { ...(parse(text) as Compose), used };
}

/** `deploy/compose.env.example`, filled in. */
export function composeEnvironment(): Readonly<Record<string, string>> {
  const entries = Object.entries(parseEnv(textOf('deploy/compose.env.example')));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value === '' ? 'filled-in' : value!]),
  );
}

/** The files that the commands of docs/deploying.md create, in a new directory. */
export interface SecretFiles {
  /** A text of a service with the paths of its secrets on this machine, in place of those in its container. */
  readonly outside: (text: string, service: Service) => string;
  readonly remove: () => void;
}

export function createSecretFiles({ secrets }: Compose): SecretFiles {
  const home = mkdtempSync(join(tmpdir(), 'usher-compose-'));
  mkdirSync(join(home, 'deploy'));
  execFileSync('sh', ['-euc', documentedCommands()], { cwd: home });
  return {
    outside: (text, service) =>
      (service.secrets ?? []).reduce(
        (replaced, name) =>
          replaced.replaceAll(`/run/secrets/${name}`, join(home, secrets[name]!.file)),
        text,
      ),
    remove: () => {
      rmSync(home, { recursive: true });
    },
  };
}

function documentedCommands(): string {
  const [, section = ''] = textOf('docs/deploying.md').split('\n## Docker Compose\n');
  const [commands] = /^\$ mkdir .*^\$ chmod [^\n]*$/ms.exec(section) ?? [];
  if (commands === undefined) throw new Error('docs/deploying.md creates no secrets');
  return commands.replaceAll(/^\$ /gm, '');
}

/** The environment of a service with the paths of its secrets on this machine. */
export function environmentOutside(
  service: Service,
  { outside }: SecretFiles,
): Readonly<Record<string, string>> {
  const entries = Object.entries(service.environment ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, outside(value, service)]));
}
