import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Duration } from 'aws-cdk-lib/core';
import { METRICS_NAMESPACE, type MetricName } from '../functions/rules/metrics.ts';
import type { Job } from './job.ts';
import type { StreamMapping } from './stream-mapping.ts';

/** A metric that this job writes itself; `Maximum` for a gauge, a sum for a count. */
export function jobMetric(job: Job, metricName: MetricName, period: Duration, statistic: string = Stats.SUM): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
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

/** How often something was counted by AWS itself. */
function count(namespace: string, metricName: string, dimensionsMap: Record<string, string>, period: Duration): Metric {
  return new Metric({ namespace, metricName, dimensionsMap, statistic: Stats.SUM, period });
}

/** Records that this mapping gave up: those that lie in the quarantine bucket, and those that did not even get there. */
export function givenUp({ uuid, name }: StreamMapping, period: Duration): IMetric {
  const parts = ['OnFailureDestinationDeliveredEventCount', 'DroppedEventCount'].map((metricName) =>
    count('AWS/Lambda', metricName, { EventSourceMappingUUID: uuid }, period),
  );
  return total(parts, period, `given up of ${name}`);
}

/** Calls of these jobs that waited too long for a place, or failed for the last time. */
export function droppedCalls(jobs: readonly Job[], period: Duration): IMetric {
  const parts = jobs.map((job) => job.function.metric('AsyncEventsDropped', { statistic: Stats.SUM, period }));
  return total(parts, period, 'calls dropped');
}

/** Calls that EventBridge Scheduler could not make for the schedules of these groups. */
export function failedSchedules(groups: readonly string[], period: Duration): IMetric {
  const parts = ['TargetErrorCount', 'InvocationDroppedCount'].flatMap((metricName) =>
    groups.map((ScheduleGroup) => count('AWS/Scheduler', metricName, { ScheduleGroup }, period)),
  );
  return total(parts, period, 'schedules failed');
}

/** All of them together; what was not written counts as nothing. */
export function total(metrics: readonly IMetric[], period: Duration, label: string): MathExpression {
  // The ids of one graph must differ, and CloudWatch takes letters, digits and underscores.
  const word = label.toLowerCase().replaceAll(/[^a-z0-9]/g, '_');
  const usingMetrics = Object.fromEntries(metrics.map((metric, i) => [`${word}_${i}`, metric]));
  const ids = Object.keys(usingMetrics).join(', ');
  return new MathExpression({ expression: `SUM([${ids}])`, usingMetrics, period, label });
}
