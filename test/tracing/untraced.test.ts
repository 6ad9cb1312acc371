import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { ask, userAsks } from '../http/asking.ts';
import { startUsher } from '../support/usher.ts';

/** The modules of OpenTelemetry that this process has loaded, but for its types in code, which `prom-client` loads too. */
const loaded = () =>
  Object.keys(createRequire(import.meta.url).cache).filter((file) =>
    /@opentelemetry\/(?!api\/)/.test(file),
  );

it('without a collector nothing of OpenTelemetry is loaded', async () => {
  const usher = await startUsher();
  expect((await ask(usher.public, userAsks())).status).toBe(200);
  await usher.stop();
  expect(loaded()).toEqual([]);
  await import('../../src/tracing/tracing.ts');
  expect(loaded()).not.toEqual([]);
});
