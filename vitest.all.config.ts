import { defineConfig } from 'vitest/config';

/** `npm run test:all`: every suite that needs no browser and breaks no server, on every PostgreSQL at hand. */
export default defineConfig({
  test: {
    name: 'all',
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/faults/**'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/fixed-seed.ts'],
    // Half of the processor time of a run went into importing the same modules again for each file. No test mocks a module.
    isolate: false,
    // One fewer than the cores, which is Vitest's own, leaves a core of a small machine idle while a test waits for a process.
    maxWorkers: '100%',
    // A busy two-core machine must not turn a slow test into a failed one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
