import { Alarm, ComparisonOperator, type IMetric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Duration, type Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Watched } from './dashboard.ts';
import { apiMetric, givenUp, jobMetric, total } from './metrics.ts';

/** Long enough that one retried request wakes nobody, short enough that an outage is known within a quarter of an hour. */
const period = Duration.minutes(5);

/** A link waits for seconds, and through an outage for minutes; at a quarter of an hour somebody should look. */
const oldestDueS = Duration.minutes(15).toSeconds();

/** Twice the longest pause of a mapping that retries; a stream forgets after 24 hours, so there is time to act. */
const iteratorAgeMs = Duration.minutes(10).toMilliseconds();

/** People edit a contact in the console now and then; more than these in an hour is somebody else's program, or a restored backup. */
const driftPerHour = 10;

/** A full half hour without a free place is no burst. */
const throttledPeriods = 6;

interface Watch {
  readonly metric: IMetric;
  /** The alarm goes off above it. */
  readonly above: number;
  /** For how many periods on end; one where it is left out. */
  readonly periods?: number;
  /** What no value at all means; that nothing happened, where it is left out. */
  readonly missing?: TreatMissingData;
  /** What happened, for the message; docs/operations.md says under the alarm's name what to do. */
  readonly says: string;
}

/**
 * One alarm for each thing that does not heal by itself. They are always there, and shown on the dashboard; with an address, a
 * person is told when one goes off and when it is over. AWS first asks the address to confirm.
 */
export function addAlarms(stack: Stack, watched: Watched, email?: string): Alarm[] {
  const scope = new Construct(stack, 'Alarms');
  const alarms = Object.entries(watches(watched)).map(([id, watch]) => alarmOn(scope, stack.stackName, id, watch));
  if (email === undefined) return alarms;
  const topic = new Topic(scope, 'Topic', { enforceSSL: true });
  // The statement that asks for TLS replaces the policy that SNS gives every topic, so CloudWatch must be allowed here (AWS, "Amazon SNS
  // FAQs", access policy of an alarm's topic): without it no alarm is ever delivered.
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
    }),
  );
  topic.addSubscription(new EmailSubscription(email));
  for (const alarm of alarms) {
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
  return alarms;
}

function watches(watched: Watched): Record<string, Watch> {
  return {
    ...functionWatches(watched),
    ...streamWatches(watched),
    ...workWatches(watched),
    ...broadcastWatches(watched),
    ...maiAgentWatches(watched),
  };
}

function functionWatches({ apiId, jobs, sync }: Watched): Record<string, Watch> {
  return {
    ApiFailures: {
      metric: apiMetric(apiId, '5xx', period),
      above: 0,
      periods: 2,
      says: 'The API answers 5xx: MaiAgent is down, or the bridge is broken.',
    },
    ...Object.fromEntries(
      jobs.map((job) => [
        `${job.name}-crashes`,
        { metric: job.function.metricErrors({ period }), above: 0, says: `${job.name} crashed or ran out of time.` },
      ]),
    ),
    SyncThrottled: {
      metric: sync.job.function.metricThrottles({ period }),
      above: 0,
      periods: throttledPeriods,
      says: 'sync has had no free place for half an hour: more changes come in than maiAgentLimits lets out.',
    },
  };
}

function streamWatches({ jobs, mappings }: Watched): Record<string, Watch> {
  const readers = jobs.filter((job) => mappings.some((mapping) => mapping.job === job));
  return {
    // CloudWatch tells the age of each function's oldest stream, not of each stream.
    ...Object.fromEntries(
      readers.map((job) => [
        `${job.name}-behind`,
        {
          metric: job.function.metric('IteratorAge', { statistic: Stats.MAXIMUM, period }),
          above: iteratorAgeMs,
          says: `${job.name} is more than ten minutes behind a stream.`,
        },
      ]),
    ),
    ...Object.fromEntries(
      mappings.map((mapping) => [
        `${mapping.source}-given-up`,
        {
          metric: givenUp(mapping, period),
          above: 0,
          says: `The stream of ${mapping.source} gave records up; they lie whole in the quarantine bucket.`,
        },
      ]),
    ),
  };
}

function workWatches({ sync: { job } }: Watched): Record<string, Watch> {
  return {
    OldestDue: {
      metric: jobMetric(job, 'OldestDueSeconds', period, Stats.MAXIMUM),
      above: oldestDueS,
      periods: 2,
      // Each sweep writes it. Without a single one in ten minutes nothing converges, and nobody would hear of it.
      missing: TreatMissingData.BREACHING,
      says: 'Work on a contact has been outstanding for more than fifteen minutes, or no sweep has run.',
    },
    Quarantined: {
      metric: jobMetric(job, 'QuarantinedNow', period, Stats.MAXIMUM),
      above: 0,
      // A gauge that nobody reads has not changed; that nobody reads it, OldestDue says.
      missing: TreatMissingData.IGNORE,
      says: 'Records of a user store are quarantined: nobody could read them. Nothing is lost.',
    },
    Stuck: {
      metric: jobMetric(job, 'StuckLinks', period),
      above: 0,
      says: 'A contact has failed for half an hour and more while others succeed: its lastError says why.',
    },
    Drift: {
      metric: jobMetric(job, 'DriftFound', Duration.hours(1)),
      above: driftPerHour,
      says: 'Many contacts were changed at MaiAgent by somebody else. They are being put right.',
    },
  };
}

function broadcastWatches({ broadcast }: Watched): Record<string, Watch> {
  return {
    UnknownRecipients: {
      metric: jobMetric(broadcast, 'UnknownRecipients', period),
      above: 0,
      says: 'Nobody can tell whether these recipients got a broadcast: nothing is sent again, a person decides.',
    },
    MissedRuns: {
      metric: jobMetric(broadcast, 'MissedRuns', period),
      above: 0,
      says: 'A broadcast should have begun, and its schedule did not fire.',
    },
    LateRuns: {
      metric: jobMetric(broadcast, 'LateRuns', period, Stats.MAXIMUM),
      above: 0,
      periods: 2,
      // Each sweep writes it: without one no run goes on, and nobody would hear of a firing that was missed.
      missing: TreatMissingData.BREACHING,
      says: 'A broadcast should have been over an hour ago and recipients still wait for it, or no sweep has run.',
    },
    SchedulesRefused: {
      metric: jobMetric(broadcast, 'SchedulesRefused', period),
      above: 0,
      says: 'EventBridge Scheduler refuses the schedule of a broadcast, which has failed.',
    },
  };
}

function maiAgentWatches({ identify, sync, broadcast }: Watched): Record<string, Watch> {
  const both = [identify, sync.job];
  const conflicts = (['ContactConflicts', 'ExtraContacts'] as const).flatMap((name) =>
    both.map((job) => jobMetric(job, name, period)),
  );
  const refused = [...both, broadcast].map((job) => jobMetric(job, 'KeyRefused', period));
  return {
    Conflicts: {
      metric: total(conflicts, period, 'conflicts'),
      above: 0,
      says: 'MaiAgent has a contact that the bridge may not take, or two for one person.',
    },
    KeyRefused: {
      metric: total(refused, period, 'key refused'),
      above: 0,
      says: 'MaiAgent refuses our API key: nobody new gets a contact, and no change arrives.',
    },
  };
}

function alarmOn(scope: Construct, stackName: string, id: string, watch: Watch): Alarm {
  const { metric, above, periods = 1, missing = TreatMissingData.NOT_BREACHING, says } = watch;
  return new Alarm(scope, id, {
    alarmName: `${stackName}-${id}`,
    alarmDescription: `${says} What to do: docs/operations.md, ${id}`,
    metric,
    threshold: above,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: periods,
    treatMissingData: missing,
  });
}
