import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Duration } from 'aws-cdk-lib/core';
import { METRICS_NAMESPACE, type MetricName } from '../functions/rules/metrics.ts';
import type { Job } from './job.ts';
import { StreamMapping } from './stream-mapping.ts';

/** Long enough that one retried request wakes nobody, short enough that an outage is known within a quarter of an hour. */
export const period = Duration.minutes(5);

/** The streams that a job follows. */
export const mappingsOf = ({ scope }: Job): StreamMapping[] =>
  scope.node.children.filter((one) => one instanceof StreamMapping);

/** The groups of the schedules that call a job. */
export const scheduleGroupsOf = ({ scope }: Job): string[] =>
  scope.node.findAll().flatMap((one) => (one instanceof CfnScheduleGroup ? one.ref : []));

/** A metric that this job writes itself; `Maximum` for a gauge, a sum for a count. */
export function jobMetric(job: Job, metricName: MetricName, statistic: string = Stats.SUM, over = period): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { function: job.function.functionName },
    statistic,
    period: over,
    label: `${job.name} ${metricName}`,
  });
}

/** What CloudWatch knows of the HTTP API itself. */
export function apiMetric(apiId: string, metricName: string, statistic: string = Stats.SUM): Metric {
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
function count(namespace: string, metricName: string, dimensionsMap: Record<string, string>): Metric {
  return new Metric({ namespace, metricName, dimensionsMap, statistic: Stats.SUM, period });
}

/** Records that this mapping gave up: those that lie in the quarantine bucket, and those that did not even get there. */
export function givenUp({ uuid, name }: StreamMapping): IMetric {
  const parts = ['OnFailureDestinationDeliveredEventCount', 'DroppedEventCount'].map((metricName) =>
    count('AWS/Lambda', metricName, { EventSourceMappingUUID: uuid }),
  );
  return total(parts, `given up of ${name}`);
}

/** Calls of these jobs that waited too long for a place, or failed for the last time. */
export function droppedCalls(jobs: readonly Job[]): IMetric {
  const parts = jobs.map((job) => job.function.metric('AsyncEventsDropped', { statistic: Stats.SUM, period }));
  return total(parts, 'calls dropped');
}

/** Calls that EventBridge Scheduler could not make for the schedules of these groups. */
export function failedSchedules(groups: readonly string[]): IMetric {
  const parts = ['TargetErrorCount', 'InvocationDroppedCount'].flatMap((metricName) =>
    groups.map((ScheduleGroup) => count('AWS/Scheduler', metricName, { ScheduleGroup })),
  );
  return total(parts, 'schedules failed');
}

/** How many of a hundred calls failed: one of thousands is no alarm, and one of one is. */
export const failuresInHundred = (failed: IMetric, calls: IMetric): IMetric =>
  new MathExpression({
    expression: '100 * failed / calls',
    usingMetrics: { failed, calls },
    period,
    label: 'failed (%)',
  });

/** All of them together; what was not written counts as nothing. */
export function total(metrics: readonly IMetric[], label: string): MathExpression {
  // The ids of one graph must differ, and CloudWatch takes letters, digits and underscores.
  const word = label.toLowerCase().replaceAll(/[^a-z0-9]/g, '_');
  const usingMetrics = Object.fromEntries(metrics.map((metric, i) => [`${word}_${i}`, metric]));
  const ids = Object.keys(usingMetrics).join(', ');
  return new MathExpression({ expression: `SUM([${ids}])`, usingMetrics, period, label });
}
