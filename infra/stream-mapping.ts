import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Job } from './job.ts';
import type { Quarantine } from './quarantine.ts';

export interface StreamMappingProps {
  /** What the stream tells of, in a word for people. */
  readonly source: string;
  readonly job: Job;
  readonly streamArn: string;
  /** From the oldest record that the stream still has (24 hours), or from when the mapping was made. */
  readonly from: 'TRIM_HORIZON' | 'LATEST';
  readonly batchSize: number;
  /** How long Lambda gathers records before it calls the job. */
  readonly batchingWindow?: Duration;
  readonly retries: number;
  /** A record older than this is given up. */
  readonly recordAge: Duration;
  /** A pattern of Lambda's event filtering; every record where it is left out. */
  readonly filter?: object;
  readonly quarantine: Quarantine;
}

/**
 * One table's stream that calls one job. Whatever fails, the stream goes on: a batch is halved until the bad record is alone,
 * retries and age are bounded, and what is given up is kept whole.
 */
export class StreamMapping extends Construct {
  /** The id by which CloudWatch knows the mapping. */
  readonly uuid: string;
  readonly source: string;
  readonly job: Job;

  constructor(scope: Construct, id: string, props: StreamMappingProps) {
    super(scope, id);
    const { job, source, streamArn, quarantine, filter, batchingWindow } = props;
    this.job = job;
    this.source = source;
    // All four on the stream alone: Lambda lists the streams of this table only.
    job.allow({
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      arn: streamArn,
    });
    quarantine.takeFrom(job);
    const mapping = new CfnEventSourceMapping(this, 'Mapping', {
      functionName: job.function.functionName,
      eventSourceArn: streamArn,
      startingPosition: props.from,
      batchSize: props.batchSize,
      functionResponseTypes: ['ReportBatchItemFailures'],
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: props.retries,
      maximumRecordAgeInSeconds: props.recordAge.toSeconds(),
      // One batch at a time for each shard, so that one user's changes come in order and cost no conflict.
      parallelizationFactor: 1,
      destinationConfig: { onFailure: { destination: quarantine.bucket.bucketArn } },
      // Counts what was given up; without it only the bucket would know.
      metricsConfig: { metrics: ['EventCount'] },
      ...(batchingWindow && { maximumBatchingWindowInSeconds: batchingWindow.toSeconds() }),
      ...(filter && { filterCriteria: { filters: [{ pattern: JSON.stringify(filter) }] } }),
    });
    this.uuid = mapping.attrId;
  }
}
