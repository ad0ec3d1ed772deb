import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { functionSpecs } from '../../local/runner/function-specs.ts';
import { TemplateError } from '../../local/runner/intrinsics.ts';
import { openServer, type Runner, startRunner } from '../../local/runner/runner.ts';
import { schedulesOf } from '../../local/runner/schedules.ts';
import { readStack } from '../../local/runner/template.ts';
import { type MiniStack, writeMiniStack } from './mini-stack.ts';
import { until } from '../rigs/until.ts';

/** Writes each event to its log; one that says so hangs until the process is killed, or ends the process. */
const target = `
  exports.handler = async (event) => {
    console.log(JSON.stringify(event));
    if (event.hang) await new Promise((settle) => setTimeout(settle, 60_000));
    if (event.crash) process.exit(1);
  };`;

/** Makes a schedule for the target, as the SDK would, and answers the status. */
const maker = `
  exports.handler = async ({ name, expression, input }) => {
    const { AWS_ENDPOINT_URL_SCHEDULER, GROUP, TARGET } = process.env;
    const answer = await fetch(AWS_ENDPOINT_URL_SCHEDULER + '/schedules/' + name, {
      method: 'POST',
      headers: { authorization: 'Bearer ' + process.env.AWS_ACCESS_KEY_ID },
      body: JSON.stringify({
        GroupName: GROUP,
        ScheduleExpression: expression,
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: { Arn: TARGET, RoleArn: 'arn:aws:iam::000000000000:role/any', Input: JSON.stringify(input) },
      }),
    });
    return answer.status;
  };`;

const schedule = (properties: object, Arn: object = { 'Fn::GetAtt': ['Target', 'Arn'] }) => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: {
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn, RoleArn: 'arn:aws:iam::000000000000:role/any', Input: '{"at":"<aws.scheduler.scheduled-time>"}' },
    ...properties,
  },
});

function stackWith(resources: Record<string, object>): MiniStack {
  return writeMiniStack({
    functions: { Target: target, Maker: maker },
    functionProperties: {
      Target: { Timeout: 120 },
      Maker: { Environment: { Variables: { GROUP: { Ref: 'Group' }, TARGET: { 'Fn::GetAtt': ['Target', 'Arn'] } } } },
    },
    resources: { Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'made-here' } }, ...resources },
  });
}

interface Seen {
  readonly at?: string;
  readonly hang?: boolean;
  readonly crash?: boolean;
}

const seen: Seen[] = [];
const noTables = 'http://127.0.0.1:1';
const minuteMs = 60_000;

async function run(stack: MiniStack, bucketsDir: string): Promise<Runner> {
  const log = (line: string) => void (line.includes('"level"') || seen.push(JSON.parse(line) as Seen));
  return startRunner({ ...stack, server: await openServer(0), dynamoDbEndpoint: noTables, bucketsDir, log });
}

let folder: string;
let runner: Runner | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runner-schedules-'));
  seen.splice(0);
});

afterEach(async () => {
  await runner?.close();
  runner = undefined;
  rmSync(folder, { recursive: true });
});

describe('schedules that a function makes', () => {
  let stack: MiniStack;
  beforeAll(() => void (stack = stackWith({})));
  afterAll(() => stack.remove());

  const make = async (name: string, atMs: number, input: object): Promise<string> => {
    const second = new Date(atMs).toISOString().slice(0, 19);
    const event = { name, expression: `at(${second})`, input: { at: '<aws.scheduler.scheduled-time>', ...input } };
    expect(await runner?.invoke('Maker', event)).toEqual({ kind: 'answered', payload: '200' });
    return `${second}Z`;
  };

  it('fire as the clock moves', async () => {
    runner = await run(stack, folder);
    const at = await make('one', Date.now() + 5 * minuteMs, {});
    await runner.advanceClock(6 * minuteMs);
    await until(() => seen.length === 1, 'the line');
    expect(seen).toEqual([{ at }]);
  });

  it('fire after a restart, and not a second time after the next', async () => {
    runner = await run(stack, folder);
    const at = await make('one', Date.now() + 5 * minuteMs, {});
    await runner.close();
    for (let start = 0; start < 2; start++) {
      runner = await run(stack, folder);
      await runner.advanceClock(6 * minuteMs);
      await until(() => seen.length === 1, 'the line');
      await runner.close();
    }
    expect(seen).toEqual([{ at }]);
    runner = undefined;
  });

  it('fire again where the runner ended in the middle of the call', async () => {
    runner = await run(stack, folder);
    const at = await make('one', Date.now(), { hang: true });
    await until(() => seen.length === 1, 'the call');
    await runner.close();
    runner = await run(stack, folder);
    await until(() => seen.length === 2, 'the second call');
    expect(seen).toEqual([
      { at, hang: true },
      { at, hang: true },
    ]);
  });

  it('do not fire again where the function crashed', async () => {
    runner = await run(stack, folder);
    await make('one', Date.now(), { crash: true });
    await until(() => seen.length === 1, 'the call');
    await runner.advanceClock(10 * minuteMs);
    await runner.close();
    runner = await run(stack, folder);
    await runner.advanceClock(10 * minuteMs);
    expect(runner.usage('Target').invocations).toBe(0);
    expect(seen).toHaveLength(1);
  });
});

describe('schedules of the template', () => {
  const stacks: MiniStack[] = [];
  afterAll(() => stacks.forEach(({ remove }) => remove()));

  function stackOf(resource: object): MiniStack {
    const stack = stackWith({ Schedule: resource });
    stacks.push(stack);
    return stack;
  }

  it('stop the runner where they are no rate', () => {
    const { assemblyDir, stackName } = stackOf(schedule({ ScheduleExpression: 'cron(0 9 * * ? *)' }));
    const stack = readStack(assemblyDir, stackName, 'http://localhost:3000');
    const read = () => schedulesOf(stack.ofType('AWS::Scheduler::Schedule'), functionSpecs(stack), new Date());
    expect(read).toThrow(TemplateError);
    expect(read).toThrow(/^Schedule: .*the runner knows rates alone/);
  });
});
