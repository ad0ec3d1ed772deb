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
  readonly job: Job;

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
    api.serve(this.job, [
      { key: 'POST /v1/identity', token: 'any', throttle: stage.throttle.identity },
      { key: 'PUT /v1/users/{userId}', token: { scope: 'contacts.write' }, throttle: stage.throttle.users },
      {
        key: 'POST /v1/visitors',
        throttle: stage.throttle.visitors,
        openBecause: 'A visitor has not signed in, so has no token. The route is throttled and budgeted by the hour.',
      },
      {
        key: 'GET /contact-bridge.js',
        openBecause: 'The public script that a page loads before anyone has signed in. It holds no secret.',
      },
      { key: 'GET /v1/health', openBecause: 'A monitor asks whether the API answers; it learns nothing else.' },
      { key: '$default', openBecause: 'Answers 404 and 405 to everyone alike, and does nothing else.' },
    ]);
  }
}
