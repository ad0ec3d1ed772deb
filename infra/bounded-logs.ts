import { CfnSubscriptionFilter, LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { encryptionKey } from './encryption.ts';
import { keptWithData } from './protection.ts';

/** A log group that forgets after the stage's `logRetentionDays`; the stage's days are already one of CloudWatch's periods. */
export function boundedLogs(scope: Construct, id: string, stage: Stage): LogGroup {
  const key = encryptionKey(scope, stage);
  const group = new LogGroup(scope, id, {
    retention: stage.logRetentionDays,
    removalPolicy: keptWithData(stage),
    ...(key && { encryptionKey: key }),
  });
  if (stage.logForwarding)
    new CfnSubscriptionFilter(scope, `${id}Forwarding`, {
      logGroupName: group.logGroupName,
      filterPattern: '',
      ...stage.logForwarding,
    }).node.addDependency(group);
  return group;
}
