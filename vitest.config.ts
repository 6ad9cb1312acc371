import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/faults/**'],
    globalSetup: ['test/support/global-setup.ts'],
    // A busy two-core machine must not turn a slow test into a failed one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
