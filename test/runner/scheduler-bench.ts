import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  type CreateScheduleCommandOutput,
  DeleteScheduleCommand,
  type DeleteScheduleCommandOutput,
  GetScheduleCommand,
  type GetScheduleCommandOutput,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { afterEach, beforeEach } from 'vitest';
import { type Clock, createClock } from '../../local/runner/clock.ts';
import { type SchedulerEndpoint, startScheduler } from '../../local/runner/scheduler/endpoint.ts';

export const groupName = 'broadcasts';
export const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:broadcast';
export const minuteMs = 60_000;
export const dayMs = 86_400_000;

export type Asked = CreateScheduleCommandInput;

/** A scheduler with a clock and a client of its own for each test. */
export interface SchedulerBench {
  folder: string;
  clock: Clock;
  endpoint: SchedulerEndpoint;
  client: SchedulerClient;
  /** The events of the calls that reached the function. */
  events: unknown[];
  /** So many of the next calls do not reach it. */
  losing: number;
  /** What the function does when it is called. */
  during: () => Promise<unknown>;
  create(more?: Partial<Asked>): Promise<CreateScheduleCommandOutput>;
  get(Name?: string, GroupName?: string): Promise<GetScheduleCommandOutput>;
  remove(Name?: string): Promise<DeleteScheduleCommandOutput>;
  /** A new clock starts at the present again: what was moved forward is forgotten. */
  restart(): Promise<void>;
}

/** Starts one before each test of the file. */
export function useScheduler(): SchedulerBench {
  const bench = { events: [], losing: 0 } as unknown as SchedulerBench;
  bench.create = (more = {}) => bench.client.send(new CreateScheduleCommand(asked(more)));
  bench.get = (Name = 'one', GroupName = groupName) => bench.client.send(new GetScheduleCommand({ Name, GroupName }));
  bench.remove = (Name = 'one') => bench.client.send(new DeleteScheduleCommand({ Name, GroupName: groupName }));
  bench.restart = async () => {
    await stop(bench);
    await start(bench);
  };
  beforeEach(async () => {
    bench.folder = mkdtempSync(path.join(tmpdir(), 'runner-scheduler-'));
    bench.events = [];
    bench.losing = 0;
    bench.during = () => Promise.resolve();
    await start(bench);
  });
  afterEach(async () => {
    await stop(bench);
    rmSync(bench.folder, { recursive: true });
  });
  return bench;
}

async function start(bench: SchedulerBench): Promise<void> {
  bench.clock = createClock();
  bench.endpoint = await startScheduler({
    file: path.join(bench.folder, '_schedules.json'),
    groups: [groupName],
    functionArns: [functionArn],
    clock: bench.clock,
    key: 'LOCALKEY',
  });
  const credentials = { accessKeyId: 'LOCALKEY', secretAccessKey: 'local' };
  bench.client = new SchedulerClient({
    endpoint: bench.endpoint.url,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
  bench.endpoint.start(async (arn, eventJson) => {
    if (bench.losing > 0) {
      bench.losing--;
      return 'lost';
    }
    if (arn === functionArn) bench.events.push(JSON.parse(eventJson));
    await bench.during();
    return 'handed-over';
  });
}

async function stop({ clock, client, endpoint }: SchedulerBench): Promise<void> {
  await clock.close();
  client.destroy();
  await endpoint.close();
}

/** What a function asks for, with the parts that a test is about. */
export function asked(more: Partial<Asked> = {}): Asked {
  return {
    Name: 'one',
    GroupName: groupName,
    ScheduleExpression: 'rate(1 day)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    ActionAfterCompletion: 'DELETE',
    Target: target({ Input: '{"broadcastId":"b","scheduledAt":"<aws.scheduler.scheduled-time>"}' }),
    ...more,
  };
}

/** The function as a target. */
export function target(more: Partial<NonNullable<Asked['Target']>> = {}): NonNullable<Asked['Target']> {
  return { Arn: functionArn, RoleArn: 'arn:aws:iam::000000000000:role/any', ...more };
}

/** `at(…)` so long from now, and the same instant as the event has it. */
export function atIn({ clock }: SchedulerBench, ms: number): { expression: string; scheduledAt: string } {
  const second = new Date(clock.now().getTime() + ms).toISOString().slice(0, 19);
  return { expression: `at(${second})`, scheduledAt: `${second}Z` };
}

/** The scheduled times in the events. */
export function scheduledAts({ events }: SchedulerBench): string[] {
  return events.map((event) => (event as { scheduledAt: string }).scheduledAt);
}
