import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { logLines, startProgram } from '../support/program.ts';
import { createSecretFiles, environmentOutside, readCompose } from './compose.ts';

const compose = readCompose();
const secretFiles = createSecretFiles(compose);
afterAll(secretFiles.remove);

/** An address that another container could use, where this machine has one. */
const outside =
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address ?? '127.0.0.1';

it('the application can put a fact with the environment of compose.yaml, by OPS_TOKEN only', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const environment = environmentOutside(compose.services['usher']!, secretFiles);
  writeFileSync(environment['DATABASE_URL_FILE']!, database.url.reveal());
  const program = await startProgram('src/cli/main.ts', {
    args: ['serve'],
    // The names of the other services cannot be resolved here, and the ports may be in use.
    env: {
      ...environment,
      REDIS_URL: '',
      POLICY: fileURLToPath(new URL('../../examples/parcels', import.meta.url)),
      NODE_ENV: 'production',
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
  const token = readFileSync(environment['OPS_TOKEN_FILE']!, 'utf8').trim();
  expect((await put({ authorization: `Bearer ${token}` })).status).toBe(200);
});
