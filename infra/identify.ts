import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import type { BridgeApi } from './http-api.ts';
import { Job, readable } from './job.ts';
import type { LinksTable } from './links-table.ts';
import { maiAgentVariables } from './maiagent-variables.ts';
import type { Secrets } from './secrets.ts';

/** One second less than the gateway waits, so that it is the function that ends a call and says so in its log. */
const timeout = Duration.seconds(28);

export interface IdentifyProps {
  readonly stage: Stage;
  readonly bundleDir: string;
  readonly links: LinksTable;
  readonly secrets: Secrets;
  readonly api: BridgeApi;
}

/** The job `identify`: what it is told, what it may touch, and which routes reach it. */
export class Identify extends Construct {
  readonly job: Job<'identify'>;

  constructor(scope: Construct, id: string, { stage, bundleDir, links, secrets, api }: IdentifyProps) {
    super(scope, id);
    this.job = new Job(this, 'Job', {
      name: 'identify',
      stage,
      bundleDir,
      timeout,
      variables: {
        LINKS_TABLE: {
          value: links.table.tableName,
          may: [{ actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], arn: links.table.tableArn }],
        },
        ...maiAgentVariables(stage, secrets),
        VISITOR_SIGNING_SECRET: readable(secrets.visitorSigningArn),
      },
    });
    api.serve(this.job);
  }
}
