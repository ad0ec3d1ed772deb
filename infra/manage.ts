import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { IdentifyProps } from './identify.ts';
import { Job } from './job.ts';
import { maiAgentVariables } from './maiagent-variables.ts';

/** One second less than the gateway waits, so that it is the function that ends a call and says so in its log. */
const timeout = Duration.seconds(28);

/** The job `manage`: what the back office sees and erases. It reads one link at a time, and only ever writes what is wanted. */
export class Manage extends Construct {
  readonly job: Job;

  constructor(scope: Construct, id: string, { stage, bundleDir, links, secrets, api }: IdentifyProps) {
    super(scope, id);
    this.job = new Job(this, 'Job', {
      name: 'manage',
      stage,
      bundleDir,
      timeout,
      variables: {
        LINKS_TABLE: {
          value: links.table.tableName,
          may: [{ actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], arn: links.table.tableArn }],
        },
        ...maiAgentVariables(stage, secrets),
      },
    });
    api.serve(this.job, [
      { key: 'GET /v1/users/{userId}', token: { scope: 'contacts.read' } },
      { key: 'DELETE /v1/users/{userId}', token: { scope: 'contacts.write' }, throttle: stage.throttle.users },
      { key: 'GET /v1/users/{userId}/conversations', token: { scope: 'contacts.read' } },
      { key: 'GET /v1/users/{userId}/conversations/latest', token: { scope: 'contacts.read' } },
      { key: 'GET /v1/openapi.json', openBecause: 'The description of the API is public, like its documentation.' },
    ]);
  }
}
