import type { Clock } from './clock.ts';
import { removeExpired } from './expiry.ts';
import type { FunctionSpec, InvocationResult } from './lambda/environment.ts';
import { openDestinations } from './destinations.ts';
import type { SchedulerEndpoint } from './scheduler/endpoint.ts';
import { schedulesOf } from './schedules.ts';
import type { Following } from './streams/follow-stream.ts';
import { runMapping, streamArnOf, streamMappings } from './streams/stream-mappings.ts';
import type { LocalTable } from './tables.ts';
import type { Stack } from './template.ts';

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

/** Starts the streams, the schedules and the time to live; rejects with a `TemplateError` before any runs if one cannot. */
export async function startTriggers(options: TriggersOptions) {
  const { stack, clock, specs, tables, dynamoDbEndpoint: endpoint, invoke, log } = options;
  const { ofType } = stack;
  const mappings = streamMappings(ofType('AWS::Lambda::EventSourceMapping'), specs, tables);
  const schedules = schedulesOf(ofType('AWS::Scheduler::Schedule'), specs, clock.now());
  const destinations = openDestinations(ofType('AWS::S3::Bucket'), mappings, options.bucketsDir);
  const running: Following[] = [];
  const streamArns = await Promise.all(mappings.map((mapping) => streamArnOf(endpoint, mapping)));
  const parts = { endpoint, invoke, giveUp: destinations.giveUp };
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
  clock.follow(nextSweep(clock), clock.now(), async (dueAt) => {
    for (const table of tables) await removeExpired(endpoint, table, dueAt);
  });
  return {
    pause: () => running.forEach((mapping) => mapping.pause()),
    resume: () => running.forEach((mapping) => mapping.resume()),
    /** What was put into a bucket because it was given up, by key. */
    objects: destinations.objects,
    close: async () => {
      closing = true;
      await Promise.all([clock.close(), ...running.map((mapping) => mapping.close())]);
    },
  };
}

/** At this pace, and once for all the times that a step of the clock passed. */
function nextSweep(clock: Clock): (at: Date) => Date {
  return (at) => new Date(Math.max(at.getTime() + expirySweepEveryMs, clock.now().getTime()));
}
