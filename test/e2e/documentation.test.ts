import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startUsher, type Usher } from './support/usher.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The shell commands of a page, except those that install and start Usher, which the test does itself. */
function commandsOf(page: string): string {
  return blocksOf(page)
    .filter((block) => !/npm (?:ci|start)/.test(block))
    .join('\n');
}

function blocksOf(page: string): readonly string[] {
  const text = readFileSync(`${project}/${page}`, 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

/** Its first commands create a policy; the others need an Usher that runs it. */
const policyPage = 'docs/policies.md';

const pages = [
  'README.md',
  ...readdirSync(`${project}/docs`)
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
].filter((page) => commandsOf(page) !== '' && page !== policyPage);

/** Some examples explain a refusal, which ends with 1; any other command that does not end with 0 fails. */
const allowRefusals = `npm() {
  local code=0
  command npm "$@" || code=$?
  case "$code $*" in '1 '*' explain '*) return 0 ;; esac
  return $code
}`;

/** The page's unmodified commands, with the addresses of this Usher. */
function asScript(commands: string, usher: Pick<Usher, 'publicUrl' | 'operatorUrl'>): string {
  return `set -eu
${allowRefusals}
${commands
  .replaceAll('http://127.0.0.1:3000', usher.publicUrl)
  .replaceAll('ws://127.0.0.1:3000', usher.publicUrl.replace('http', 'ws'))
  .replaceAll('http://127.0.0.1:3001', usher.operatorUrl)}`;
}

/** Makes curl fail unless the status is 2xx. */
const failing = (script: string) => script.replaceAll('curl -s ', 'curl -sS --fail-with-body ');

/** The environment in which `usher` commands find this one, as they find the one of a reader. */
function besides({ operatorUrl, dataDir }: Usher): NodeJS.ProcessEnv {
  return { ...process.env, OPS_PORT: new URL(operatorUrl).port, DATA_DIR: dataDir };
}

/** A directory with everything that the project has, where commands may leave files. */
async function openCheckout(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-e2e-'));
  for (const name of readdirSync(project)) {
    await symlink(join(project, name), join(directory, name));
  }
  return directory;
}

describe('the documented commands', () => {
  const before = readdirSync(project);
  let checkout: string;
  let usher: Usher;
  beforeAll(async () => {
    checkout = await openCheckout();
    // Without environment variables, like a first-time user.
    usher = await startUsher({});
  });
  afterAll(async () => {
    await usher.stop();
    await rm(checkout, { recursive: true });
  });

  it('include those of the README and the guides', () => {
    expect(pages).toEqual(
      expect.arrayContaining([
        ...['README.md', 'docs/guest-chat.md', 'docs/tenant-channels.md', 'docs/rooms.md'],
        'docs/tickets.md',
      ]),
    );
  });

  it.each(pages)('%s', async (page) => {
    const script = failing(asScript(commandsOf(page), usher));
    const { stdout } = await run('bash', ['-c', script], { cwd: checkout, env: besides(usher) });
    expect(stdout).not.toContain('error');
  });

  it(policyPage, async () => {
    const bash = async (script: string, env: NodeJS.ProcessEnv = process.env) =>
      (await run('bash', ['-c', script], { cwd: checkout, env })).stdout;
    const [init = '', check = '', , ...others] = blocksOf(policyPage);
    const policy = join(checkout, 'parcels');
    await bash(`set -e\n${init}`);
    await cp(join(project, 'examples/parcels'), policy, { recursive: true });
    expect(await bash(`set -e\n${check}`)).toContain('✓ parcels/policy.test.yaml');

    const own = await startUsher({ POLICY: policy });
    onTestFinished(() => own.stop());
    const printed = await bash(asScript(others.join('\n'), own), besides(own));
    expect(printed).toMatch(/\{"auth":"app-key:[0-9a-f]{64}"\}/);
    expect(printed).toContain('You cannot follow this parcel');
    expect(printed).toContain('✗ user sends, receives or carries it  <- the first failed check');
    await vi.waitUntil(() => own.output().includes('policy reloaded'), { timeout: 60_000 });
  });

  it('leave no file in the project', () => {
    expect(readdirSync(project)).toEqual(before);
  });
});
