import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, it } from 'vitest';
import { isAlive, writeMiniStack } from './mini-stack.ts';
import { until } from '../rigs/until.ts';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** Says its process id on its log, then does what the event asks for. */
const source = `
  exports.handler = async ({ spin }) => {
    console.log('pid ' + process.pid);
    await new Promise((settle) => setTimeout(settle, 50));
    while (spin);
    await new Promise(() => setInterval(() => {}, 1000));
  };`;

// The wait at the end is the assertion: it rejects when the process lives on.
it.each([
  ['waits', false],
  ['is in an endless loop', true],
])('a function that %s ends when the runner is killed', async (_, spin) => {
  const stack = writeMiniStack({ functions: { Fn: source }, functionProperties: { Fn: { Timeout: 60 } } });
  const module = fileURLToPath(new URL('../../local/runner/runner.ts', import.meta.url));
  const script = `
    const { openServer, startRunner } = await import(${JSON.stringify(module)});
    const options = ${JSON.stringify({ ...stack, dynamoDbEndpoint: 'http://127.0.0.1:9' })};
    const runner = await startRunner({ ...options, server: await openServer(0), log: (line) => console.log(line) });
    await runner.invoke('Fn', { spin: ${spin} });`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  parent.stdout.on('data', (text: Buffer) => (output += text.toString()));
  await until(() => /pid \d+/.test(output), 'the invocation runs');
  const pid = Number(/pid (\d+)/.exec(output)?.[1]);
  closers.push(() => parent.kill('SIGKILL'), stack.remove);
  await until(() => !spin || userTicks(pid) > 20, 'the loop runs');
  parent.kill('SIGKILL');
  await until(() => !isAlive(pid), 'the function is gone');
});

/** The processor time that a process has used by itself, in hundredths of a second (proc(5), field 14). */
function userTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.replace(/^.*\) /s, '').split(' ')[11]);
}
