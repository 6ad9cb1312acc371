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

it('warns of a new path in a reloaded policy, which gets 404 until a restart', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'usher-reload-'));
  onTestFinished(() => {
    rmSync(directory, { recursive: true });
  });
  const write = (text: string) => {
    writeFileSync(join(directory, 'policy.yaml'), text);
  };
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
  write(channels);
  const config = loadConfig({
    ...testEnvironment,
    DATABASE_URL: 'postgres://x/x',
    POLICY: directory,
  });
  const peers = { handle: () => undefined, callAll: () => Promise.resolve([]) };
  const { reload } = await buildPolicy(config, { log, peers, hosts: [], now: () => 0 });
  write(channels.replace('field: jwt', 'query: jwt'));
  expect((await reload()).outcome).toBe('changed');
  expect(lines).toEqual([]);
  write(`${channels}  /new: { credential: { kind: user, field: jwt } }\n`);
  expect((await reload()).outcome).toBe('changed');
  expect(lines).toEqual([expect.stringContaining('"paths":["/new"]')]);
});
