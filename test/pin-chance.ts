import * as fc from 'fast-check';
import { seed } from './scope.ts';

/*
 * Runs before each test file. Every property begins from `SEED`, so that a run fails by a change and never by chance; a failure tells
 * where in that run it stands (`seed`, `path`), and the same `SEED` comes there again.
 */
fc.configureGlobal({ seed });
