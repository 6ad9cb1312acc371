import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStorage } from '../../src/composition/storage.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createDependencies } from '../../src/observability/dependencies.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { runAllSteps } from '../../src/runtime/run-all-steps.ts';
import { withClient } from '../support/database.ts';
import { testEnvironment } from '../support/usher.ts';

it('runs every step in order, even after a failed one, and throws the first error', async () => {
  const done: number[] = [];
  const steps = [
    () => done.push(1),
    () => Promise.reject(new Error('second')),
    () => {
      throw new Error('third');
    },
    () => Promise.resolve(done.push(4)),
  ];
  await expect(runAllSteps(steps)).rejects.toThrow('second');
  expect(done).toEqual([1, 4]);
});

it('stops the embedded PostgreSQL even if its connections could not be closed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'usher-steps-'));
  // As root, the embedded database runs as another user, which needs access to its parent directory.
  await chmod(home, 0o755);
  try {
    const config = loadConfig({ ...testEnvironment, DATA_DIR: join(home, 'data') });
    const log = createLogger('silent', Date.now);
    const storage = await openStorage(config, { log, dependencies: createDependencies() });
    await storage.database.close();
    await expect(storage.close()).rejects.toThrow('end on pool');
    await expect(withClient(storage.databaseUrl, () => Promise.resolve())).rejects.toThrow(
      /ENOENT|ECONNREFUSED/,
    );
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
