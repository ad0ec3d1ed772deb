import type { Clock } from './clock.ts';
import { removeExpired } from './expiry.ts';
import type { FunctionSpec, InvocationResult } from './lambda/environment.ts';
import { openDestinations, type StoredObject } from './destinations.ts';
import type { SchedulerEndpoint } from './scheduler/endpoint.ts';
import { schedulesOf } from './schedules.ts';
import { runMapping, type RunningMapping, streamArnOf, streamMappings } from './streams/stream-mappings.ts';
import type { LocalTable } from './tables.ts';
import type { Resource, Stack } from './template.ts';

/** What calls functions without being asked from outside: the streams, the schedules and the time to live. */
export interface Triggers {
  /** Stops or resumes every stream mapping; the streams keep what happens meanwhile. */
  pauseStreams(): void;
  resumeStreams(): void;
  /** What was put into a bucket because it was given up, by key. */
  objects(bucket: Resource): readonly StoredObject[];
  advanceClock(ms: number): Promise<void>;
  /** Starts nothing more; resolves when what runs has ended. */
  close(): Promise<void>;
}

/** What the triggers need. */
export interface TriggersOptions {
  readonly stack: Stack;
  /** Closed with the triggers. */
  readonly clock: Clock;
  /** Its schedules fire as soon as the triggers run. */
  readonly scheduler: SchedulerEndpoint;
  readonly specs: readonly FunctionSpec[];
  readonly tables: readonly LocalTable[];
  readonly dynamoDbEndpoint: string;
  /** Where buckets keep their objects. */
  readonly bucketsDir: string;
  readonly invoke: (functionId: string, eventJson: string) => Promise<InvocationResult>;
  readonly log: (line: string) => void;
}

/** AWS removes expired items within days; a minute is soon enough to see it happen. */
const expirySweepEveryMs = 60_000;

/** Starts them all. Rejects with a `TemplateError` for one that cannot run here, before any of them runs. */
export async function startTriggers(options: TriggersOptions): Promise<Triggers> {
  const { stack, clock, specs, tables, dynamoDbEndpoint: endpoint, invoke, log } = options;
  const { ofType } = stack;
  const mappings = streamMappings(ofType('AWS::Lambda::EventSourceMapping'), specs, tables);
  const schedules = schedulesOf(ofType('AWS::Scheduler::Schedule'), specs, clock.now());
  const destinations = openDestinations(ofType('AWS::S3::Bucket'), mappings, options.bucketsDir);
  const reply = async (id: string, event: string) => {
    const result = await invoke(id, event);
    return result.kind === 'answered' ? result : ({ kind: 'failed' } as const);
  };
  const running: RunningMapping[] = [];
  const streamArns = await Promise.all(mappings.map((mapping) => streamArnOf(endpoint, mapping)));
  const parts = { endpoint, invoke: reply, giveUp: destinations.giveUp };
  for (const [i, mapping] of mappings.entries()) running.push(await runMapping(mapping, streamArns[i] ?? '', parts));
  let closing = false;
  const callFor = async (functionId: string, eventJson: string) => {
    const { kind } = await invoke(functionId, eventJson);
    // What a function failed at is not tried again here, as if its EventInvokeConfig said so; the line says what happened.
    if (kind !== 'answered')
      log(JSON.stringify({ level: 'ERROR', message: 'a scheduled invocation ended badly', kind, functionId }));
    return closing || kind === 'throttled' ? ('lost' as const) : ('handed-over' as const);
  };
  for (const { timetable, functionId, eventAt } of schedules)
    clock.follow(timetable.nextAfter, clock.now(), async (at) => void (await callFor(functionId, eventAt(at))));
  options.scheduler.start(async (arn, eventJson) => {
    const spec = specs.find((candidate) => candidate.arn === arn);
    if (spec) return callFor(spec.logicalId, eventJson);
    log(JSON.stringify({ level: 'ERROR', message: 'a schedule has a target that is gone', arn }));
    return 'handed-over';
  });
  clock.every(expirySweepEveryMs, async (dueAt) => {
    for (const table of tables) await removeExpired(endpoint, table, dueAt);
  });
  return {
    pauseStreams: () => running.forEach((mapping) => mapping.pause()),
    resumeStreams: () => running.forEach((mapping) => mapping.resume()),
    objects: destinations.objects,
    advanceClock: (ms) => clock.advance(ms),
    close: async () => {
      closing = true;
      await Promise.all([clock.close(), ...running.map((mapping) => mapping.close())]);
    },
  };
}
