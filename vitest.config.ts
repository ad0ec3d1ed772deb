import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/pin-chance.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more workers only take turns, and every real engine that a file starts needs a share.
    maxWorkers: 2,
    pool: 'forks',
  },
});
