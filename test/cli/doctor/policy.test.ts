import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shippedDirectory } from '../../../src/policy/policy-files.ts';
import { runInProcess } from '../../support/command-line.ts';
import { testEnvironment, useUsher } from '../../support/usher.ts';

/** The policy of tenants and its tests, with a text changed. */
async function changed(file: string, from: string, to: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const name of ['policy.yaml', 'policy.test.yaml']) {
    const text = await readFile(join(shippedDirectory, 'tenants', name), 'utf8');
    if (name === file) expect(text).toContain(from);
    await writeFile(join(directory, name), name === file ? text.replace(from, to) : text);
  }
  return directory;
}

describe('usher doctor on the policy', () => {
  const usher = useUsher();
  const [loaded, passed, same] = [
    'the policy can be loaded',
    'the tests of the policy pass',
    'the running Usher uses this policy',
  ];

  /** The lines about the policy, with what follows each of them. */
  async function linesWith(env: Readonly<Record<string, string>>): Promise<string> {
    const { stdout } = await runInProcess(['doctor', '--url', usher.public], {
      ...testEnvironment,
      PUSHER_HOST: '127.0.0.1',
      PUSHER_PORT: '1',
      PUSHER_TLS: 'false',
      OPS_PORT: new URL(usher.operator).port,
      ...env,
    });
    return stdout;
  }

  it('reports no problem of the policy in use', async () => {
    const lines = await linesWith({});
    for (const name of [loaded, passed, same]) expect(lines).toContain(`✓ ${name}\n`);
  });

  it('reports another policy than the one in use', async () => {
    const lines = await linesWith({ POLICY: 'builtin:tenants' });
    for (const name of [loaded, passed]) expect(lines).toContain(`✓ ${name}\n`);
    expect(lines).toContain(`✗ ${same}\n`);
    expect(lines).toMatch(/Usher uses the policy [0-9a-f]{16}, and the files of this machine are/);
  });

  it('reports the place of a problem', async () => {
    const POLICY = await changed('policy.yaml', "'admin' in user.roles", "'admin' in user.rules");
    const lines = await linesWith({ POLICY });
    expect(lines).toContain(`✗ ${loaded}\n`);
    expect(lines).toMatch(/policy\.yaml:\d+:\d+: .*rules/);
    for (const name of [passed, same]) expect(lines).toContain(`– ${name}: `);
  });

  it('reports the number of failed tests', async () => {
    const POLICY = await changed('policy.test.yaml', 'grant: true', 'refuse: not-allowed');
    const lines = await linesWith({ POLICY });
    expect(lines).toContain(`✓ ${loaded}\n`);
    expect(lines).toContain(`✗ ${passed}\n`);
    expect(lines).toMatch(/1 of \d+ cases failed/);
  });

  it('reports that the operator’s port is unreachable', async () => {
    expect(await linesWith({ OPS_PORT: '0' })).toContain(`– ${same}: OPS_PORT is 0`);
  });
});
