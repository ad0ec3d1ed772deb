import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { BroadcastsTable } from './broadcasts-table.ts';
import type { IdentifyProps } from './identify.ts';
import { Job } from './job.ts';
import { maiAgentVariables } from './maiagent-variables.ts';

/** One second less than the gateway waits, so that it is the function that ends a call and says so in its log. */
const timeout = Duration.seconds(28);

export interface ManageProps extends IdentifyProps {
  readonly broadcasts: BroadcastsTable;
}

/** The job `manage`: what the back office sees, erases and broadcasts. It only ever writes what is wanted: it sends nothing itself. */
export class Manage extends Construct {
  readonly job: Job<'manage'>;

  constructor(scope: Construct, id: string, { stage, bundleDir, links, broadcasts, secrets, api }: ManageProps) {
    super(scope, id);
    this.job = new Job(this, 'Job', {
      name: 'manage',
      stage,
      bundleDir,
      timeout,
      variables: {
        LINKS_TABLE: {
          value: links.table.tableName,
          may: [
            {
              // Beside one link at a time: a preview counts who an audience is.
              actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:BatchGetItem', 'dynamodb:Scan'],
              arn: links.table.tableArn,
            },
            { actions: ['dynamodb:Query'], arn: links.byContactIndexArn },
          ],
        },
        BROADCASTS_TABLE: {
          value: broadcasts.table.tableName,
          may: [
            {
              actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
              arn: broadcasts.table.tableArn,
            },
            { actions: ['dynamodb:Query'], arn: broadcasts.listedIndexArn },
          ],
        },
        ...maiAgentVariables(stage, secrets),
      },
    });
    api.serve(this.job);
  }
}
