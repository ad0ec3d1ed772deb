import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { functionSpecs, platformVariables } from '../../local/runner/function-specs.ts';
import type { InvocationResult } from '../../local/runner/lambda/environment.ts';
import { createFunctions, processesPerFunction, type Functions } from '../../local/runner/lambda/functions.ts';
import { readStack } from '../../local/runner/template.ts';
import { isAlive, writeMiniStack } from './mini-stack.ts';
import { until } from '../rigs/until.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Started {
  readonly functions: Functions;
  readonly lines: string[];
  readonly pids: Set<number>;
}

function start(sources: Record<string, string>, properties: Record<string, object> = {}, concurrency = 2): Started {
  const stack = writeMiniStack({ functions: sources, functionProperties: properties });
  const specs = functionSpecs(readStack(stack.assemblyDir, stack.stackName, 'http://localhost:3000'));
  const lines: string[] = [];
  const pids = new Set<number>();
  const functions = createFunctions(specs, {
    concurrency,
    platformVariables: (spec) =>
      platformVariables(
        spec,
        { dynamoDb: 'http://dynamo', secretsManager: 'http://secrets', scheduler: 'http://scheduler' },
        'LOCALKEY',
      ),
    log: (line) => void lines.push(line),
    onStart: (pid) => void pids.add(pid),
    onEnd: (pid) => void pids.delete(pid),
  });
  closers.push(() => functions.close(), stack.remove);
  return { functions, lines, pids };
}

function payloadOf(result: InvocationResult): unknown {
  if (result.kind !== 'answered') throw new Error(`not answered: ${JSON.stringify(result)}`);
  return JSON.parse(result.payload);
}

async function call(functions: Functions, id = 'Fn', event: unknown = {}): Promise<unknown> {
  return payloadOf(await functions.invoke(id, JSON.stringify(event)));
}

const counting = 'let n = 0; exports.handler = async () => ({ pid: process.pid, n: ++n });';
/** Answers when the file of the event holds something. */
const waiting = `
  const fs = require('node:fs');
  let running = 0;
  exports.handler = async ({ file }) => {
    const at = ++running;
    while (file && !fs.existsSync(file)) await new Promise((settle) => setTimeout(settle, 5));
    running--;
    return { pid: process.pid, at };
  };`;

describe('a function', () => {
  it('answers what its handler returns', async () => {
    const { functions } = start({ Fn: 'exports.handler = async (event) => ({ got: event });' });
    expect(await call(functions, 'Fn', { a: [1, 'zwei'] })).toEqual({ got: { a: [1, 'zwei'] } });
  });

  it('answers null where the handler returns nothing', async () => {
    const { functions } = start({ Fn: 'exports.handler = async () => {};' });
    expect(await call(functions)).toBeNull();
  });

  it('keeps its process and its state from one invocation to the next', async () => {
    const { functions } = start({ Fn: counting });
    const [first, second] = [await call(functions), await call(functions)] as { pid: number; n: number }[];
    expect(second).toEqual({ pid: first?.pid, n: 2 });
    expect(functions.usage('Fn')).toEqual({ invocations: 2, coldStarts: 1, failed: 0, timedOut: 0 });
  });

  it('sees the variables of the template and of Lambda, and none of the parent', async () => {
    process.env['LEAK_OF_THE_PARENT'] = 'secret';
    const { functions } = start(
      { Fn: 'exports.handler = async () => ({ ...process.env, cwd: process.cwd(), file: __filename });' },
      {
        Fn: {
          Environment: { Variables: { TABLE: 'links' } },
          MemorySize: 512,
          LoggingConfig: { LogGroup: 'the-group' },
        },
      },
    );
    const seen = (await call(functions)) as Record<string, string>;
    delete process.env['LEAK_OF_THE_PARENT'];
    const { TABLE, cwd, file, ...platform } = seen;
    expect([TABLE, file]).toEqual(['links', `${cwd}/index.js`]);
    expect(
      Object.keys(platform).filter((name) => !/^(AWS_|_HANDLER$|LAMBDA_TASK_ROOT$|LANG$|PATH$|TZ$)/.test(name)),
    ).toEqual([]);
    expect(platform).toMatchObject({
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'mini-Fn',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: 'the-group',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://dynamo',
      AWS_ENDPOINT_URL_SCHEDULER: 'http://scheduler',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://secrets',
    });
  });

  it('has a context with its request, its name and the time that is left', async () => {
    const { functions } = start(
      { Fn: 'exports.handler = async (_, c) => ({ ...c, left: c.getRemainingTimeInMillis() });' },
      { Fn: { Timeout: 600 } },
    );
    const { awsRequestId, functionName, memoryLimitInMB, left } = (await call(functions)) as Record<string, unknown>;
    expect([functionName, memoryLimitInMB]).toEqual(['mini-Fn', '128']);
    expect(awsRequestId).toMatch(/^[\da-f-]{36}$/);
    expect(left).toBeGreaterThan(300_000);
    expect(left).toBeLessThanOrEqual(600_000);
  });

  it('writes its lines to the log as they are', async () => {
    const { functions, lines } = start({
      Fn: `exports.handler = async () => { console.log('{"a":1}'); console.error('b'); };`,
    });
    await call(functions);
    await until(() => lines.length === 2, 'both lines');
    expect(lines.toSorted()).toEqual(['b', '{"a":1}']);
  });

  it('fails with the error that its handler throws, and lives on', async () => {
    const { functions } = start({
      Fn: `let n = 0; exports.handler = async () => { if (!n++) throw new TypeError('no'); return n; };`,
    });
    expect(await functions.invoke('Fn', '{}')).toEqual({ kind: 'failed', errorType: 'TypeError', errorMessage: 'no' });
    expect(await call(functions)).toBe(2);
  });

  it('fails where its bundle cannot be loaded', async () => {
    const { functions } = start({ Fn: `require('./missing.js');` });
    expect(await functions.invoke('Fn', '{}')).toMatchObject({
      kind: 'failed',
      errorMessage: expect.stringContaining('missing.js') as string,
    });
  });

  it('fails where its answer cannot be written as JSON', async () => {
    const { functions } = start({ Fn: 'exports.handler = async () => 1n;' });
    expect(await functions.invoke('Fn', '{}')).toMatchObject({ kind: 'failed', errorType: 'TypeError' });
  });

  it('fails where its answer is larger than 6 MB', async () => {
    const { functions } = start({ Fn: `exports.handler = async () => 'x'.repeat(6 * 1024 * 1024);` });
    expect(await functions.invoke('Fn', '{}')).toMatchObject({
      kind: 'failed',
      errorType: 'Function.ResponseSizeTooLarge',
    });
  });

  it('is killed when its time is over, even in an endless loop, and starts anew', async () => {
    const { functions, pids } = start(
      { Fn: 'exports.handler = async ({ spin }) => { while (spin); return process.pid; };' },
      { Fn: { Timeout: 1 } },
    );
    const pid = await call(functions);
    expect(await functions.invoke('Fn', '{"spin":true}')).toEqual({ kind: 'timed-out' });
    expect(isAlive(pid as number)).toBe(false);
    expect(await call(functions)).not.toBe(pid);
    expect(pids.size).toBe(1);
  });

  it.each([
    ['exits', 'process.exit(3)', 'the process ended by exit status 3'],
    [
      'throws past its handler',
      'setImmediate(() => { throw new Error("late") })',
      'the process ended by exit status 1',
    ],
    ['is killed', `process.kill(process.pid, 'SIGKILL')`, 'the process ended by SIGKILL'],
  ])(
    'fails an invocation in which it %s, and answers the next one from a new process',
    async (_, crash, errorMessage) => {
      const { functions } = start({
        Fn: `exports.handler = ({ crash }) => new Promise((settle) => { if (crash) ${crash}; else settle(process.pid); });`,
      });
      const pid = await call(functions);
      expect(await functions.invoke('Fn', '{"crash":true}')).toEqual({
        kind: 'failed',
        errorType: 'Runtime.ExitError',
        errorMessage,
      });
      expect(await call(functions)).not.toBe(pid);
      expect(functions.usage('Fn')).toEqual({ invocations: 3, coldStarts: 2, failed: 1, timedOut: 0 });
    },
  );

  it('answers from a new process after all were killed', async () => {
    const { functions } = start({ Fn: counting });
    const before = (await call(functions)) as { pid: number };
    await functions.killAll();
    expect(isAlive(before.pid)).toBe(false);
    expect(await call(functions)).toMatchObject({ n: 1 });
  });

  it('fails what was under way when all were killed', async () => {
    const { functions, pids } = start({ Fn: waiting });
    const underWay = functions.invoke('Fn', '{"file":"/nowhere"}');
    await until(() => pids.size === 1, 'a process');
    await functions.killAll();
    expect(await underWay).toMatchObject({ kind: 'failed', errorMessage: 'the process ended by SIGKILL' });
  });
});

describe('invocations at once', () => {
  const gate = () => {
    const { assemblyDir, remove } = writeMiniStack({});
    closers.push(remove);
    return `${assemblyDir}/open`;
  };
  const open = (file: string) => writeFileSync(file, 'open');

  it('each have a process of their own', async () => {
    const { functions, pids } = start({ Fn: waiting });
    const file = gate();
    const both = Promise.all([call(functions, 'Fn', { file }), call(functions, 'Fn', { file })]);
    await until(() => pids.size === 2, 'two processes');
    open(file);
    const [a, b] = (await both) as { pid: number; at: number }[];
    expect([a?.at, b?.at]).toEqual([1, 1]);
    expect(a?.pid).not.toBe(b?.pid);
  });

  it('wait beyond the limit, and are then answered in the order in which they came', async () => {
    const { functions, pids } = start({ Fn: waiting }, {}, 1);
    const file = gate();
    const order: number[] = [];
    const all = [0, 1, 2, 3].map(async (i) => {
      const result = (await call(functions, 'Fn', { file })) as { at: number };
      order.push(i);
      return result.at;
    });
    await until(() => pids.size === 1, 'a process');
    open(file);
    expect(await Promise.all(all)).toEqual([1, 1, 1, 1]);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(functions.usage('Fn').coldStarts).toBe(1);
  });

  it('of another function have processes of their own, and no warm process ends for them', async () => {
    const { functions, pids } = start({ Fn: counting, Other: counting }, {}, 1);
    const first = (await call(functions, 'Fn')) as { pid: number };
    expect(await call(functions, 'Other')).toMatchObject({ n: 1 });
    expect(await call(functions, 'Fn')).toEqual({ pid: first.pid, n: 2 });
    expect(pids.size).toBe(2);
  });

  it('of a flooded function keep no other function from being answered, and cost it no cold start', async () => {
    const { functions } = start({ Fn: waiting, Other: counting }, {}, 2);
    await call(functions, 'Other');
    const file = gate();
    const flood = Array.from({ length: 300 }, () => call(functions, 'Fn', { file }));
    for (let n = 2; n <= 20; n += 1) expect(await call(functions, 'Other')).toMatchObject({ n });
    open(file);
    await Promise.all(flood);
    expect(functions.usage('Fn')).toMatchObject({ invocations: 300, coldStarts: 2 });
    expect(functions.usage('Other')).toMatchObject({ invocations: 20, coldStarts: 1 });
  });

  it('are not run when their caller has given up while they waited', async () => {
    const { functions } = start({ Fn: waiting }, {}, 1);
    const file = gate();
    const first = call(functions, 'Fn', { file });
    const caller = new AbortController();
    const abandoned = functions.invoke('Fn', '{}', caller.signal);
    caller.abort();
    open(file);
    expect(await first).toMatchObject({ at: 1 });
    expect(await abandoned).toEqual({ kind: 'throttled' });
    expect(functions.usage('Fn').invocations).toBe(1);
  });

  it('of one function stay within what the template reserves, and leave the rest to the others', async () => {
    const { functions, pids } = start({ Fn: waiting, Other: counting }, { Fn: { ReservedConcurrentExecutions: 1 } }, 3);
    const file = gate();
    const both = [call(functions, 'Fn', { file }), call(functions, 'Fn', { file })];
    expect(await call(functions, 'Other')).toMatchObject({ n: 1 });
    await until(() => pids.size === 2, 'one process of each');
    open(file);
    const [a, b] = (await Promise.all(both)) as { pid: number; at: number }[];
    expect([a?.at, b?.at]).toEqual([1, 1]);
    expect(b?.pid).toBe(a?.pid);
    expect(functions.usage('Fn')).toMatchObject({ invocations: 2, coldStarts: 1 });
  });

  it('are throttled when they still wait at the end', async () => {
    const { functions } = start({ Fn: waiting }, {}, 1);
    const results = [functions.invoke('Fn', '{"file":"/nowhere"}'), functions.invoke('Fn', '{}')];
    await functions.close();
    expect((await Promise.all(results)).map(({ kind }) => kind)).toEqual(['failed', 'throttled']);
  });
});

it.each([
  { cores: 2, memoryGiB: 24, functions: 5, each: 8 },
  { cores: 1, memoryGiB: 24, functions: 5, each: 4 },
  { cores: 64, memoryGiB: 512, functions: 5, each: 8 },
  { cores: 2, memoryGiB: 2, functions: 5, each: 3 },
  { cores: 1, memoryGiB: 0.25, functions: 5, each: 1 },
])('gives each of $functions functions $each processes on $cores cores with $memoryGiB GiB', (machine) => {
  expect(processesPerFunction(machine.functions, machine.cores, machine.memoryGiB * 2 ** 30)).toBe(machine.each);
});

it('starts no process before the first invocation', () => {
  const { pids } = start({ Fn: counting });
  expect(pids.size).toBe(0);
});
