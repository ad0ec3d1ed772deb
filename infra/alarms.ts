import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import type { Watched } from './dashboard.ts';
import { encryptionKey } from './encryption.ts';
import { watches, type Watch } from './watches.ts';

/** One alarm for each thing that does not heal by itself; with an address or topics people are told. AWS first asks the address to confirm. */
export function addAlarms(stack: Stack, watched: Watched, stage: Stage): Alarm[] {
  const scope = new Construct(stack, 'Alarms');
  const { email, urgent, later } = readers(scope, stack, stage);
  return Object.entries(watches(watched)).map(([id, watch]) => {
    const alarm = alarmOn(scope, stack.stackName, id, watch);
    for (const topic of [email, watch.canWait ? later : urgent]) {
      if (!topic) continue;
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
    return alarm;
  });
}

function readers(scope: Construct, stack: Stack, stage: Stage) {
  const { alarmEmail, alarmTopics } = stage;
  const existing = (id: string, arn?: string) => (arn === undefined ? undefined : Topic.fromTopicArn(scope, id, arn));
  return {
    email: alarmEmail === undefined ? undefined : topicFor(alarmEmail, scope, stack, stage),
    urgent: existing('Urgent', alarmTopics.urgent),
    later: existing('Later', alarmTopics.later),
  };
}

function topicFor(email: string, scope: Construct, stack: Stack, stage: Stage): Topic {
  const key = encryptionKey(scope, stage);
  const topic = new Topic(scope, 'Topic', { enforceSSL: true, ...(key && { masterKey: key }) });
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
  return topic;
}

function alarmOn(scope: Construct, stackName: string, id: string, watch: Watch): Alarm {
  const { metric, above = 0, periods = 1, missing = TreatMissingData.NOT_BREACHING, canWait, says } = watch;
  return new Alarm(scope, id, {
    alarmName: `${stackName}-${id}`,
    alarmDescription: `${canWait ? 'Can wait until the morning' : 'Urgent'}: ${says} What to do: docs/operations.md, ${id}`,
    metric,
    threshold: above,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: periods,
    treatMissingData: missing,
  });
}
