import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Duration, type Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Job } from './job.ts';

export interface AlarmsProps {
  /** Gets one message when an alarm goes off; AWS first asks the address to confirm. */
  readonly email: string;
  readonly apiId: string;
  readonly jobs: readonly Job[];
}

/** Long enough that one retried request wakes nobody, short enough that an outage is known within a quarter of an hour. */
const period = Duration.minutes(5);

/** Tells a person when the API answers 5xx for ten minutes on end, or when a function crashes or runs out of time once. */
export function addAlarms(stack: Stack, { email, apiId, jobs }: AlarmsProps): void {
  const scope = new Construct(stack, 'Alarms');
  const topic = new Topic(scope, 'Topic', { enforceSSL: true });
  topic.addSubscription(new EmailSubscription(email));
  const failures = new Metric({
    namespace: 'AWS/ApiGateway',
    metricName: '5xx',
    dimensionsMap: { ApiId: apiId },
    statistic: Stats.SUM,
    period,
  });
  const alarms = [
    alarmOn(scope, 'ApiFailures', failures, 2, 'The API answers 5xx: MaiAgent is down, or the bridge is broken'),
    ...jobs.map((job) => alarmOnCrash(scope, job)),
  ];
  for (const alarm of alarms) alarm.addAlarmAction(new SnsAction(topic));
}

function alarmOnCrash(scope: Construct, job: Job): Alarm {
  const crashes = job.function.metricErrors({ period });
  return alarmOn(scope, `${job.name}Crashes`, crashes, 1, 'A function crashed or ran out of time: see its log');
}

function alarmOn(
  scope: Construct,
  id: string,
  metric: Metric,
  evaluationPeriods: number,
  alarmDescription: string,
): Alarm {
  return new Alarm(scope, id, {
    metric,
    evaluationPeriods,
    alarmDescription,
    threshold: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // Nobody called: nothing is wrong.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
}
