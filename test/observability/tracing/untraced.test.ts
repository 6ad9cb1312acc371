import { expect, it, onTestFinished } from 'vitest';
import { send, userRequest } from '../../http/requests.ts';
import { createTestDatabase } from '../../support/database.ts';
import { logLines, startProgram } from '../../support/program.ts';
import { testEnvironment } from '../../support/usher.ts';
import type { Environment } from '../../../src/config/read.ts';

/** Prints at the end which modules of OpenTelemetry were loaded; its API does nothing by itself, and `prom-client` loads it too. */
const printLoaded = `data:text/javascript,${encodeURIComponent(
  `import { createRequire } from 'node:module';
   const { cache } = createRequire(process.cwd() + '/');
   process.on('exit', () => {
     const loaded = Object.keys(cache).filter((file) => /@opentelemetry\\/(?!api\\/)/.test(file));
     process.stdout.write('\\nloaded: ' + loaded.length + '\\n');
   });`,
)}`;

/** Starts a service in its own process, sends one request, and returns its final output. */
async function loadedModules(changes: Environment): Promise<string> {
  const { url, drop } = await createTestDatabase();
  onTestFinished(drop);
  const env = {
    ...testEnvironment,
    LOG_LEVEL: 'info',
    DATABASE_URL: url.reveal(),
    NODE_OPTIONS: `--import ${printLoaded}`,
    ...changes,
  };
  const program = await startProgram('src/main.ts', { env });
  await program.until('"listening"');
  const line = logLines(program.stdout()).find(({ msg }) => msg === 'listening');
  expect((await send((line as { public: string }).public, userRequest())).status).toBe(401);
  program.signal('SIGTERM');
  await program.ended;
  return program.stdout();
}

it('without a collector no OpenTelemetry package is loaded', async () => {
  expect(await loadedModules({})).toContain('\nloaded: 0\n');
  const traced = await loadedModules({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  expect(traced).toMatch(/\nloaded: [1-9]/);
});
