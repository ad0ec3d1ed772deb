#!/usr/bin/env node
import { commandLine } from './command-line.ts';

// Node's console says nothing of what it could not write: half an answer would be taken for a whole one. Who stops reading has seen enough.
let unwritten: string | undefined;
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') unwritten = message;
});
process.once('exit', () => {
  if (unwritten === undefined) return;
  console.error(`contact-bridge: the answer is not whole: ${unwritten}`);
  process.exitCode = 1;
});

try {
  await commandLine().parseAsync();
} catch (error) {
  console.error(`contact-bridge: ${error instanceof Error ? error.message : String(error)}`);
  // A bug shows where it is; what a person can put right, or AWS refused, is one line.
  const isForPeople = (one: Error) => ['CommandError', 'StageError'].includes(one.name) || '$metadata' in one;
  if (error instanceof Error && !isForPeople(error)) console.error(error.stack);
  process.exitCode = 1;
}
