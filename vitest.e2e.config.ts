import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    // Each file starts servers of its own; two at once on a small machine run into each other's time-outs.
    fileParallelism: false,
    // A test starts several processes, which takes seconds for each on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    // A second, which is Vitest's own, is too little for a busy machine.
    expect: { poll: { timeout: 60_000 } },
  },
});
