import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { createTestDatabase } from '../support/database.ts';
import { logLines, startProgram } from '../support/program.ts';

const text = readFileSync(fileURLToPath(new URL('../../compose.yaml', import.meta.url)), 'utf8');
const secretFor = (name: string) => `${name.toLowerCase()}-0123456789abcdef0123456789abcdef`;
const filledIn = text
  .replaceAll('${ALLOWED_ORIGINS:?}', 'https://app.example')
  .replaceAll(/\$\{(\w+):\?\}/g, (_all, name: string) => secretFor(name));
const { services } = parse(filledIn) as {
  services: Readonly<Record<string, { readonly environment: Readonly<Record<string, string>> }>>;
};

/** An address that another container could use, where this machine has one. */
const outside =
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address ?? '127.0.0.1';

it('lets the application put a fact with the environment of compose.yaml, by OPS_TOKEN only', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const program = await startProgram('src/cli/main.ts', {
    args: ['serve'],
    // The names of the other services mean nothing here, and the ports may be taken.
    env: {
      ...services['usher']!.environment,
      REDIS_URL: '',
      POLICY: fileURLToPath(new URL('../../examples/parcels', import.meta.url)),
      NODE_ENV: 'production',
      DATABASE_URL: database.url.reveal(),
      PORT: '0',
      OPS_PORT: '0',
      SHUTDOWN_NOTICE: '1ms',
    },
  });
  onTestFinished(() => {
    program.signal('SIGKILL');
  });
  await program.until('"listening"');
  const { operator } = logLines(program.stdout()).find(({ msg }) => msg === 'listening')!;
  const url = new URL('/facts/parcel/P7', String(operator));
  url.hostname = outside;
  const put = (headers: Readonly<Record<string, string>>) =>
    fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ sender: '15', recipient: '16', status: 'announced' }),
    });
  expect((await put({})).status).toBe(401);
  expect((await put({ authorization: `Bearer ${secretFor('OPS_TOKEN')}` })).status).toBe(200);
});
