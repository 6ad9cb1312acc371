import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { buildPolicy } from '../../src/composition/policy.ts';
import { loadConfig } from '../../src/config/load.ts';
import { testEnvironment } from '../support/usher.ts';

const channels = `channels:
  private-a:
    allow: { user: { user has an id: user.id != '' } }
routes:
  /old: { credential: { kind: user, field: jwt } }
`;

/** A policy of a file, with the lines of its log from this level on. */
async function openPolicy(text: string, level: string) {
  const directory = mkdtempSync(join(tmpdir(), 'usher-reload-'));
  onTestFinished(() => {
    rmSync(directory, { recursive: true });
  });
  const write = (changed: string) => {
    writeFileSync(join(directory, 'policy.yaml'), changed);
  };
  write(text);
  const lines: string[] = [];
  const log = pino({ level }, { write: (line) => void lines.push(line) });
  const config = loadConfig({
    ...testEnvironment,
    DATABASE_URL: 'postgres://x/x',
    POLICY: directory,
  });
  const peers = { handle: () => undefined, callAll: () => Promise.resolve([]) };
  const { reload } = await buildPolicy(config, { log, peers, sources: [], now: () => 0 });
  return { write, reload, lines };
}

it('warns of a new path in a reloaded policy, which gets 404 until a restart', async () => {
  const { write, reload, lines } = await openPolicy(channels, 'warn');
  write(channels.replace('field: jwt', 'query: jwt'));
  expect((await reload()).outcome).toBe('changed');
  expect(lines).toEqual([]);
  write(`${channels}  /new: { credential: { kind: user, field: jwt } }\n`);
  expect((await reload()).outcome).toBe('changed');
  expect(lines).toEqual([expect.stringContaining('"paths":["/new"]')]);
});

it('logs problems once, and logs when they are solved', async () => {
  const { write, reload, lines } = await openPolicy(channels, 'info');
  lines.length = 0;
  write(channels.replace('user.id', 'user.idd'));
  for (const outcome of ['failed', 'failed']) expect(await reload()).toMatchObject({ outcome });
  write(channels);
  for (const outcome of ['unchanged', 'unchanged'])
    expect(await reload()).toMatchObject({ outcome });
  expect(lines).toEqual([
    expect.stringContaining('the changed policy has problems'),
    expect.stringContaining('the files are those of the policy in use again'),
  ]);
});
