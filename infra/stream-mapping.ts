import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Job } from './job.ts';
import type { Quarantine } from './quarantine.ts';

interface StreamMappingProps {
  /** What the stream tells of, in a word for people. */
  readonly name: string;
  readonly streamArn: string;
  /** From the oldest record that the stream still has (24 hours), or from when the mapping was made. */
  readonly from: 'TRIM_HORIZON' | 'LATEST';
  readonly batchSize: number;
  /** How long Lambda gathers records before it calls the job. */
  readonly batchingWindow?: Duration;
  readonly retries: number;
  /** A record older than this is given up. */
  readonly recordAge: Duration;
  /** Patterns of Lambda's event filtering, of which one must fit; every record where it is left out. */
  readonly filters?: readonly object[];
  /** Where a batch is kept that was given up; left out where the stream is only a hint, because then nothing is lost with it. */
  readonly quarantine?: Quarantine;
}

/** The writes that leave work to be done now. What a job itself writes takes the mark away, so it does not wake itself. */
const wakes = { eventName: ['INSERT', 'MODIFY'], dynamodb: { NewImage: { wake: { S: ['now'] } } } };

/**
 * How a stream is followed that only says that there is work: the sweep finds the work without it. A hint that is older than the last
 * sweep (60 s is the least that Lambda takes) is worth nothing, so a burst does not hold the job's places while sweeps wait for one.
 * What it held before the mapping was made, the sweep finds as well.
 */
export const hint = { from: 'LATEST', retries: 1, recordAge: Duration.minutes(1), filters: [wakes] } as const;

/** Adds a stream that calls the job. */
export const addStream = (job: Job, id: string, props: StreamMappingProps) => new StreamMapping(job, id, props);

/** One stream that calls one job, and always goes on: a bad batch is halved, its age bounded. What is given up is kept, unless it was a hint. */
export class StreamMapping extends Construct {
  /** The id by which CloudWatch knows the mapping. */
  readonly uuid: string;
  readonly name: string;
  /** Whether a record that is given up is work for a person. */
  readonly isKept: boolean;

  constructor(job: Job, id: string, props: StreamMappingProps) {
    super(job.scope, id);
    const { name, streamArn, quarantine, filters, batchingWindow } = props;
    this.name = name;
    this.isKept = quarantine !== undefined;
    // All four on the stream alone: Lambda lists the streams of this table only.
    job.allow({
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      arn: streamArn,
    });
    quarantine?.takeFrom(job);
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
      ...(quarantine && { destinationConfig: { onFailure: { destination: quarantine.bucket.bucketArn } } }),
      // Counts what was given up; without it only the bucket would know.
      metricsConfig: { metrics: ['EventCount'] },
      ...(batchingWindow && { maximumBatchingWindowInSeconds: batchingWindow.toSeconds() }),
      ...(filters && { filterCriteria: { filters: filters.map((one) => ({ pattern: JSON.stringify(one) })) } }),
    });
    this.uuid = mapping.attrId;
  }
}
