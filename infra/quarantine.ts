import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Duration, Stack, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { encryptionKey } from './encryption.ts';
import { keptWithData } from './protection.ts';
import type { Job } from './job.ts';

/** Where Lambda puts what a stream mapping gave up (AWS, "Retain discarded records for a DynamoDB event source in Lambda"). */
const lambdaPrefix = 'aws/lambda/';

/** Batches that a mapping gave up, whole: what a job crashed on. What it cannot understand it quarantines itself, in `Links`. */
export class Quarantine extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const key = encryptionKey(this, stage);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: key ? BucketEncryption.KMS : BucketEncryption.S3_MANAGED,
      ...(key && { encryptionKey: key, bucketKeyEnabled: true }),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      // Each object has a name of its own and is never written again.
      versioned: false,
      // Not for ever, because personal data lies here.
      lifecycleRules: [{ expiration: Duration.days(stage.quarantineDays) }],
      // A disposable stack with objects in here does not go until a person has emptied it.
      removalPolicy: keptWithData(stage),
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Lambda alone writes here, and only who administers the account can read: nobody else has a permission. Who wants to know which of them read what turns on CloudTrail data events for this bucket (docs/deployment.md): neither they nor an access log are there by default.',
    });
  }

  /** Lets Lambda, in the name of this job, put down here what it gave up. */
  takeFrom(job: Job): void {
    job.allow({ actions: ['s3:ListBucket'], arn: this.bucket.bucketArn });
    job.allow({ actions: ['s3:PutObject'], arn: this.bucket.arnForObjects(`${lambdaPrefix}*`) });
    const bucketId = Stack.of(this).getLogicalId(this.bucket.node.defaultChild as CfnBucket);
    Validations.of(job.role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${lambdaPrefix}*]`,
      reason:
        'Lambda makes up the names of the objects below this prefix of this one bucket; the job can add some and read none.',
    });
  }
}
