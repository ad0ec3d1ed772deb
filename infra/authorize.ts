import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { Job } from './job.ts';

/** The gateway waits ten seconds for an authorizer at most; the keys are fetched within three. */
const timeout = Duration.seconds(8);

export interface AuthorizeProps {
  readonly stage: Stage;
  readonly bundleDir: string;
  readonly keys: NonNullable<Stage['tokens']['keys']>;
}

/** The job `authorize`: knows the issuer and its public keys, and may touch nothing. */
export class Authorize extends Construct {
  readonly job: Job<'authorize'>;

  constructor(scope: Construct, id: string, { stage, bundleDir, keys }: AuthorizeProps) {
    super(scope, id);
    this.job = new Job(this, 'Job', {
      name: 'authorize',
      stage,
      bundleDir,
      timeout,
      variables: {
        TOKEN_ISSUER: stage.tokens.issuer,
        TOKEN_AUDIENCE: JSON.stringify(stage.tokens.audience),
        TOKEN_KEYS: JSON.stringify(keys),
      },
    });
  }
}
