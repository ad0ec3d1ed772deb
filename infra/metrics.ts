import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Duration } from 'aws-cdk-lib/core';
import type { Job } from './job.ts';
import type { StreamMapping } from './stream-mapping.ts';

/** What a job counts in its log by the embedded metric format, and no other name. */
export type JobMetricName =
  | 'Accepted'
  | 'Repeated'
  | 'ConflictingRepeats'
  | 'Unproven'
  | 'Ignored'
  | 'Quarantined'
  | 'Redriven'
  | 'Discarded'
  | 'OldestDueSeconds'
  | 'QuarantinedNow'
  | 'Synced'
  | 'SyncFailed'
  | 'Audited'
  | 'DriftFound'
  | 'KeyRefused'
  | 'ContactConflicts'
  | 'ExtraContacts'
  | 'ContactsLost'
  | 'StuckLinks'
  | 'BroadcastUnanswered'
  | 'UnknownRecipients'
  | 'MissedRuns'
  | 'LateRuns'
  | 'SchedulesRefused';

/** A metric that this job writes itself; `Maximum` for a gauge, a sum for a count. */
export function jobMetric(
  job: Job,
  metricName: JobMetricName,
  period: Duration,
  statistic: string = Stats.SUM,
): Metric {
  return new Metric({
    namespace: 'ContactBridge',
    metricName,
    dimensionsMap: { function: job.function.functionName },
    statistic,
    period,
    label: `${job.name} ${metricName}`,
  });
}

/** What CloudWatch knows of the HTTP API itself. */
export function apiMetric(apiId: string, metricName: string, period: Duration, statistic: string = Stats.SUM): Metric {
  return new Metric({
    namespace: 'AWS/ApiGateway',
    metricName,
    dimensionsMap: { ApiId: apiId },
    statistic,
    period,
    label: statistic === Stats.SUM ? metricName : `${metricName} ${statistic}`,
  });
}

/** Records that this mapping gave up: those that lie in the quarantine bucket, and those that did not even get there. */
export function givenUp({ uuid, source }: StreamMapping, period: Duration): IMetric {
  const of = (metricName: string) =>
    new Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { EventSourceMappingUUID: uuid },
      statistic: Stats.SUM,
      period,
    });
  const parts = [of('OnFailureDestinationDeliveredEventCount'), of('DroppedEventCount')];
  return total(parts, period, `given up of ${source}`);
}

/** All of them together; what was not written counts as nothing. */
export function total(metrics: readonly IMetric[], period: Duration, label: string): MathExpression {
  // The ids of one graph must differ, and CloudWatch takes letters, digits and underscores.
  const word = label.toLowerCase().replaceAll(/[^a-z0-9]/g, '_');
  const usingMetrics = Object.fromEntries(metrics.map((metric, i) => [`${word}_${i}`, metric]));
  const ids = Object.keys(usingMetrics).join(', ');
  return new MathExpression({ expression: `SUM([${ids}])`, usingMetrics, period, label });
}
