import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Duration, Stack, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { encryptionKey } from './encryption.ts';
import { keptWithData } from './protection.ts';
import type { Job } from './job.ts';

/** Where Lambda puts what a stream mapping gave up (AWS, "Retain discarded records for a DynamoDB event source in Lambda"). */
const lambdaPrefix = 'aws/lambda/';

/**
 * The bucket for batches that a stream mapping gave up, whole. It is the second net: what a job itself cannot understand is
 * quarantined in the table `Links`; here lies what a job crashed on.
 */
export class Quarantine extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const key = encryptionKey(this, stage);
    this.bucket = new Bucket(this, 'Bucket', {
      ...(key
        ? { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
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
