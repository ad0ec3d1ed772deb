import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { broadcastEnv, policyOf, reserveMsOf, speedOf, type BroadcastEnv, type Settings } from './env.ts';
import { dynamoDb, scheduler, secretsManager } from './io/aws/clients.ts';
import { DynamoAudienceLinks } from './io/broadcasts/audience-links.ts';
import { DynamoBroadcastTable } from './io/broadcasts/broadcast-table.ts';
import { systemClock } from './io/clock.ts';
import { httpSender } from './io/https.ts';
import { jsonLog, kindOf } from './io/log.ts';
import { paced } from './io/maiagent/pace.ts';
import { SharedPause } from './io/maiagent/pause.ts';
import { eventBridgeSchedules } from './io/broadcasts/schedules.ts';
import { lambda } from './lambda.ts';
import { maiAgent } from './io/maiagent/connect.ts';
import { BROADCAST, scheduleName } from './rules/broadcasts/broadcast.ts';
import { isRunLate } from './rules/broadcasts/run.ts';
import { serveBroadcast, type ScheduleDeps } from './broadcasts/schedule-broadcast.ts';
import { firingSchema, startRun, type Firing } from './broadcasts/start-run.ts';
import { workRun, type RunDeps } from './broadcasts/work-run.ts';

/** What wakes the job: a firing of EventBridge Scheduler, the table's stream as a hint, and a sweep every minute. */
export type BroadcastEvent = Firing | DynamoDBStreamEvent | Sweep;

interface Sweep {
  readonly sweep: true;
  /** The time for which it was scheduled. */
  readonly at?: string;
}
export type BroadcastDeps = RunDeps & ScheduleDeps;

/** The job `broadcast`: starts runs, sends them once to each recipient, and keeps the schedules (design §8). */
export function broadcast(deps: BroadcastDeps): (event: BroadcastEvent) => Promise<DynamoDBBatchResponse> {
  return async (event) => {
    const until = deps.clock.elapsed() + SERVE_MS_MAX;
    if ('sweep' in event) {
      if (!isStale(event, deps.clock.now())) await sweep(until, deps);
    } else if ('Records' in event) {
      const keys = event.Records.map(({ dynamodb }) => keyOf(dynamodb?.Keys));
      await serveAll(keys, until, deps);
    } else await fire(event, deps);
    // The stream is only a hint. A link that could not be served stays due, and a sweep finds it.
    return { batchItemFailures: [] };
  };
}

/** No run is started after this time, because a run takes up to a minute and a half and the function ends after three. */
const SERVE_MS_MAX = 60_000;

/** Two later sweeps have been called by then. */
const STALE_MS = 120_000;

/** Lambda keeps all calls in one queue, for hours: a sweep that later ones have made needless ends at once, so that a firing finds a place. */
const isStale = ({ at = '' }: Sweep, nowMs: number): boolean => nowMs - Date.parse(at) > STALE_MS;

interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** An unreadable event is a mistake of ours and is logged. Failing would only repeat it. */
async function fire(event: Firing, deps: BroadcastDeps): Promise<void> {
  const firing = firingSchema.safeParse(event);
  if (!firing.success) return deps.log.error('firing-unreadable');
  const scheduledAtMs = await startRun(firing.data, deps);
  // A schedule that outlives its broadcast, or a newer schedule of it, ends with its next firing.
  if (scheduledAtMs === undefined) await deps.schedules.remove(scheduleName(firing.data));
  else await workRun(firing.data.broadcastId, scheduledAtMs, deps);
}

async function sweep(until: number, deps: BroadcastDeps): Promise<void> {
  const { broadcasts, clock, log } = deps;
  const nowMs = clock.now();
  for (const what of ['broadcasts', 'runs'] as const)
    await serveAll(await Array.fromAsync(broadcasts.due(what, nowMs)), until, deps);
  let late = 0;
  for await (const run of broadcasts.openRuns()) if (isRunLate(run, nowMs)) late += 1;
  log.count('LateRuns', late);
}

/** The failure of one row is logged, and delays no other. */
async function serveAll(keys: readonly (Key | undefined)[], until: number, deps: BroadcastDeps): Promise<void> {
  const once = new Map(keys.flatMap((key) => (key ? [[`${key.pk} ${key.sk}`, key] as const] : [])));
  for (const key of once.values()) {
    if (deps.clock.elapsed() > until) return;
    try {
      if (key.sk === BROADCAST) await serveBroadcast(broadcastIdIn(key), deps);
      else if (key.sk.startsWith('run#')) await workRun(broadcastIdIn(key), scheduledAtIn(key), deps);
    } catch (error) {
      deps.log.error('row-failed', { kind: kindOf(error) });
    }
  }
}

const keyOf = (keys: Record<string, { S?: string }> | undefined): Key | undefined => {
  const [pk, sk] = [keys?.['pk']?.S, keys?.['sk']?.S];
  return pk !== undefined && sk !== undefined ? { pk, sk } : undefined;
};
const broadcastIdIn = ({ pk }: Key): string => pk.slice('broadcast#'.length);
const scheduledAtIn = ({ sk }: Key): number => Date.parse(sk.slice('run#'.length));

/** Builds the job with the rate that one worker may use. */
export const handler = lambda(broadcastEnv, ({ env, settings }) => {
  const client = dynamoDb();
  const schedules = scheduler();
  const work = workDeps(env, settings);
  // Past the pace: a question that waits too long for its place would look like MaiAgent's silence.
  const pause = new SharedPause(client, env.LINKS_TABLE, work.sender, work.clock, work.log);
  const deps = { ...work, ...tables(client, env), pause };
  return async (event: BroadcastEvent, { invokedFunctionArn }: Context): Promise<DynamoDBBatchResponse> =>
    broadcast({
      ...deps,
      schedules: eventBridgeSchedules(schedules, {
        group: env.SCHEDULE_GROUP,
        roleArn: env.SCHEDULE_ROLE_ARN,
        functionArn: invokedFunctionArn,
      }),
    })(event);
});

const tables = (client: ReturnType<typeof dynamoDb>, { BROADCASTS_TABLE, LINKS_TABLE }: BroadcastEnv) => ({
  broadcasts: new DynamoBroadcastTable(client, BROADCASTS_TABLE, LINKS_TABLE),
  audience: new DynamoAudienceLinks(client, LINKS_TABLE),
});

function workDeps(env: BroadcastEnv, settings: Settings) {
  const { callMs, retentionDays } = settings.broadcasts;
  const speed = speedOf(settings);
  const clock = systemClock;
  const pace = paced(httpSender(), 1_000 / speed.requestsPerSecond, clock);
  const secrets = secretsManager();
  const log = jsonLog('broadcast');
  return {
    clock,
    pace,
    callMs,
    retentionDays,
    random: Math.random,
    log,
    reserveMs: reserveMsOf(settings),
    witnesses: policyOf(settings).witnesses,
    speed,
    sender: maiAgent(env, settings, secrets, httpSender(), clock, log),
    contacts: maiAgent(env, settings, secrets, pace.send, clock, log),
  };
}
