import { type IMetric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import type { Watched } from './dashboard.ts';
import { eventQueueOf } from './event-queue.ts';
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

/** A link waits for seconds, and through an outage for minutes; at a quarter of an hour somebody should look. */
const oldestDueS = Duration.minutes(15).toSeconds();

/** Twice the longest pause of a mapping that retries; a stream forgets after 24 hours, so there is time to act. */
const iteratorAgeMs = Duration.minutes(10).toMilliseconds();

/** People edit a contact in the console now and then; more than these in an hour is somebody else's program, or a restored backup. */
const driftPerHour = 10;

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
  readonly missing?: TreatMissingData;
  /** Whether nobody notices until the morning. Left out, people notice now. */
  readonly canWait?: true;
  /** What happened, for the message; docs/operations.md says under the alarm's name what to do. */
  readonly says: string;
}

/** Everything that does not heal by itself, by the name of its alarm. */
export function watches(watched: Watched): Record<string, Watch> {
  return {
    ...functionWatches(watched),
    ...streamWatches(watched),
    ...workWatches(watched),
    ...broadcastWatches(watched),
    ...maiAgentWatches(watched),
    ...scimWatches(watched),
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

function workWatches({ sync: job, userChanged }: Watched): Record<string, Watch> {
  return {
    OldestDue: {
      metric: jobMetric(job, 'OldestDueSeconds', Stats.MAXIMUM),
      above: oldestDueS,
      periods: 2,
      // Each sweep writes it. Without a single one in ten minutes nothing converges, and nobody would hear of it.
      missing: TreatMissingData.BREACHING,
      says: 'Work on a contact has been outstanding for more than fifteen minutes, or no sweep has run.',
    },
    EvaluationStalled: {
      metric: jobMetric(job, 'EvaluationStalled', Stats.MINIMUM),
      periods: 3,
      says: 'The settings of this deployment reach no further contact: sync cannot read or write the table.',
    },
    SettingsOutdated: {
      metric: jobMetric(job, 'SettingsOutdated', Stats.MINIMUM),
      periods: 6,
      says: 'The functions have settings of an earlier deployment than the contacts: deploy once more.',
    },
    ConflictingRepeats: {
      metric: jobMetric(userChanged, 'ConflictingRepeats'),
      says: 'A user store uses one event id for two different messages: the second one is refused.',
    },
    Quarantined: {
      metric: jobMetric(job, 'QuarantinedNow', Stats.MAXIMUM),
      // A gauge that nobody reads has not changed; that nobody reads it, OldestDue says.
      missing: TreatMissingData.IGNORE,
      says: 'Records of a user store are quarantined: nobody could read them. One may disable somebody, who is active until then.',
    },
    Stuck: {
      metric: jobMetric(job, 'StuckLinks'),
      canWait: true,
      says: 'A contact has failed for half an hour and more while others succeed: its lastError says why.',
    },
    ReadsOverdue: {
      metric: jobMetric(userChanged, 'OverdueReads'),
      says: 'A user store has not let itself be read for a quarter of an hour: people wait without their permissions.',
    },
    FullReadHeldUp: {
      metric: jobMetric(userChanged, 'FullReadsHeldUp', Stats.MAXIMUM),
      says: 'The full reading of a user store found too many losses and waits for a word, or does not come to its end.',
    },
    AuditNotWhole: {
      metric: jobMetric(job, 'AuditsCutShort', Stats.SUM, Duration.hours(6)),
      // One is MaiAgent's bad hour, and its share comes again in auditDays; more are a rate at which no audit is ever whole.
      above: 2,
      canWait: true,
      says: 'Audits end before they have read their share: edits at MaiAgent are found late or never.',
    },
    Drift: {
      metric: jobMetric(job, 'DriftFound', Stats.SUM, Duration.hours(1)),
      above: driftPerHour,
      canWait: true,
      says: 'Many contacts were changed at MaiAgent by somebody else. They are being put right.',
    },
  };
}

function broadcastWatches({ broadcast }: Watched): Record<string, Watch> {
  return {
    UnknownRecipients: {
      metric: jobMetric(broadcast, 'UnknownRecipients'),
      canWait: true,
      says: 'Nobody can tell whether these recipients got a broadcast: nothing is sent again, a person decides.',
    },
    MissedRuns: {
      metric: jobMetric(broadcast, 'MissedRuns'),
      says: 'A broadcast should have begun, and its schedule did not fire.',
    },
    LateRuns: {
      metric: jobMetric(broadcast, 'LateRuns', Stats.MAXIMUM),
      periods: 2,
      // Each sweep writes it: without one no run goes on, and nobody would hear of a firing that was missed.
      missing: TreatMissingData.BREACHING,
      says: 'A broadcast should have been over an hour ago and recipients still wait for it, or no sweep has run.',
    },
    SchedulesRefused: {
      metric: jobMetric(broadcast, 'SchedulesRefused'),
      says: 'EventBridge Scheduler refuses the schedule of a broadcast, which has failed.',
    },
  };
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

function scimWatches({ scim }: Watched): Record<string, Watch> {
  if (!scim) return {};
  const metric = jobMetric(scim, 'OverdueMemberships');
  return {
    MembershipsOverdue: {
      metric,
      says: 'A group of a directory has not reached its members for a quarter of an hour.',
    },
  };
}
