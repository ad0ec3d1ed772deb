import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// What the tests start again and again (the command line, `npm start`, CDK) is compiled once.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url));

/** A test waits for facts: these end only what would never end, also on a machine that is many times slower. */
const PATIENCE_MS = 300_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/pin-chance.ts'],
    globalSetup: ['test/every-call-is-made.ts'],
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    expect: { poll: { timeout: PATIENCE_MS - 60_000, interval: 20 } },
    // Two cores, and half of what the tests do is to wait for processes that they started.
    maxWorkers: 3,
    pool: 'forks',
    // The files share these processes, so that CDK, the SDK and zod are not loaded in every file.
    isolate: false,
  },
});
