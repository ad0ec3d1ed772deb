#!/usr/bin/env node
import { commandLine } from './command-line.ts';

try {
  await commandLine().parseAsync();
} catch (error) {
  console.error(`contact-bridge: ${error instanceof Error ? error.message : String(error)}`);
  // A bug shows where it is; what a person can put right, or AWS refused, is one line.
  const isForPeople = (one: Error) => ['CommandError', 'StageError'].includes(one.name) || '$metadata' in one;
  if (error instanceof Error && !isForPeople(error)) console.error(error.stack);
  process.exitCode = 1;
}
