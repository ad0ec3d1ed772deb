import { type IMetric, Stats, type TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import type { MetricName } from '../functions/rules/metrics.ts';
import alarms from './alarms.json' with { type: 'json' };
import type { Watched } from './dashboard.ts';
import { eventQueueOf } from './event-queue.ts';
import type { Job } from './job.ts';
import {
  apiMetric,
  droppedCalls,
  failedSchedules,
  failuresInHundred,
  givenUp,
  jobMetric,
  mappingsOf,
  period,
  scheduleGroupsOf,
  total,
} from './metrics.ts';

/** Twice the longest pause of a mapping that retries; a stream forgets after 24 hours, so there is time to act. */
const iteratorAgeMs = Duration.minutes(10).toMilliseconds();

/** Of a hundred calls. */
const failuresMax = 1;

/** A full half hour without a free place is no burst. */
const throttledPeriods = 6;

/** One thing that a person is told of. */
export interface Watch {
  readonly metric: IMetric;
  /** The alarm goes off above it; above 0 where it is left out. */
  readonly above?: number;
  /** For how many periods on end; one where it is left out. */
  readonly periods?: number;
  /** What no value at all means; that nothing happened, where it is left out. */
  readonly missing?: TreatMissingData | undefined;
  /** Whether nobody notices until the morning. Left out, people notice now. */
  readonly canWait?: boolean;
  /** What happened, for the message; docs/operations.md says under the alarm's name what to do. */
  readonly says: string;
}

/** Everything that does not heal by itself, by the name of its alarm. */
export function watches(watched: Watched): Record<string, Watch> {
  return {
    ...functionWatches(watched),
    ...streamWatches(watched),
    ...countedOf(watched.sync, alarms.sync),
    ...countedOf(watched.userChanged, alarms.userChanged),
    ...countedOf(watched.broadcast, alarms.broadcast),
    ...maiAgentWatches(watched),
    ...countedOf(watched.scim, alarms.scim),
    ...eventQueueOf(watched.userChanged)?.watches,
  };
}

/** The same watch over several, each under a name of its own. */
function forEach<One extends { readonly name: string }>(all: readonly One[], what: string, watch: (one: One) => Watch) {
  return Object.fromEntries(all.map((one) => [`${one.name}-${what}`, watch(one)]));
}

function functionWatches(watched: Watched): Record<string, Watch> {
  const { apiId, jobs, sync } = watched;
  return {
    ApiFailures: {
      metric: failuresInHundred(apiMetric(apiId, '5xx'), apiMetric(apiId, 'Count')),
      above: failuresMax,
      periods: 2,
      says: 'More than one answer of the API in a hundred is 5xx: MaiAgent is down, or the bridge is broken.',
    },
    ...forEach(jobs, 'crashes', (job) => ({
      metric: failuresInHundred(job.function.metricErrors({ period }), job.function.metricInvocations({ period })),
      above: failuresMax,
      says: `${job.name} crashed or ran out of time in more than one call of a hundred.`,
    })),
    SyncThrottled: {
      metric: sync.function.metricThrottles({ period }),
      periods: throttledPeriods,
      canWait: true,
      says: 'sync has had no free place for half an hour: more changes come in than maiAgentLimits lets out.',
    },
    ...forEach(
      jobs.filter((job) => job !== sync),
      'throttled',
      (job) => ({
        metric: job.function.metricThrottles({ period }),
        periods: 3,
        says: `${job.name} has been refused places for a quarter of an hour: the account's concurrency is used up.`,
      }),
    ),
    CallsDropped: {
      metric: droppedCalls(jobs.filter((job) => scheduleGroupsOf(job).length > 0)),
      // A sweep that found no place makes way for the next one; ten minutes of that are no burst.
      periods: 2,
      says: 'Lambda gave up calls of schedules: sweeps, audits or the firings of broadcasts.',
    },
    ScheduleTargets: {
      metric: failedSchedules(jobs.flatMap(scheduleGroupsOf)),
      says: 'EventBridge Scheduler could not call a function: its role or the function is not as deployed.',
    },
  };
}

function streamWatches({ jobs }: Watched): Record<string, Watch> {
  const readers = jobs.filter((job) => mappingsOf(job).length > 0);
  return {
    // CloudWatch tells the age of each function's oldest stream, not of each stream.
    ...forEach(readers, 'behind', (job) => ({
      metric: job.function.metric('IteratorAge', { statistic: Stats.MAXIMUM, period }),
      above: iteratorAgeMs,
      says: `${job.name} is more than ten minutes behind a stream.`,
    })),
    ...forEach(
      readers.flatMap(mappingsOf).filter(({ isKept }) => isKept),
      'given-up',
      (mapping) => ({
        metric: givenUp(mapping),
        says: `The stream of ${mapping.name} gave records up; they lie whole in the quarantine bucket.`,
      }),
    ),
  };
}

/** A watch over one metric of a job, as alarms.json has it. */
interface Counted extends Omit<Watch, 'metric' | 'missing'> {
  readonly alarm: string;
  /** A sum where it is left out. */
  readonly statistic?: string;
  /** Over how many hours; over one period where it is left out. */
  readonly hours?: number;
  readonly missing?: string;
}

/** Those of a job, by its metrics. */
function countedOf<Name extends MetricName>(job: Job | undefined, all: Readonly<Record<Name, Counted>>) {
  if (!job) return {};
  const entries = Object.entries(all) as [Name, Counted][];
  const watch = ([name, { alarm, statistic, hours, missing, ...more }]: (typeof entries)[number]): [string, Watch] => {
    const metric = jobMetric(job, name, statistic, hours === undefined ? undefined : Duration.hours(hours));
    return [alarm, { ...more, metric, missing: missing as TreatMissingData | undefined }];
  };
  return Object.fromEntries(entries.map(watch));
}

function maiAgentWatches({ identify, sync, broadcast }: Watched): Record<string, Watch> {
  const both = [identify, sync];
  const conflicts = (['ContactConflicts', 'ExtraContacts'] as const).flatMap((name) =>
    both.map((job) => jobMetric(job, name)),
  );
  const refused = [...both, broadcast].map((job) => jobMetric(job, 'KeyRefused'));
  return {
    Conflicts: {
      metric: total(conflicts, 'conflicts'),
      says: 'MaiAgent has a contact that the bridge may not take, or two for one person.',
    },
    KeyRefused: {
      metric: total(refused, 'key refused'),
      says: 'MaiAgent refuses our API key: nobody new gets a contact, and no change arrives.',
    },
  };
}
