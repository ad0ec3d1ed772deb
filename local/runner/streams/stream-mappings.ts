import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import { callDynamoDb } from '../dynamodb-api.ts';
import { TemplateError } from '../intrinsics.ts';
import type { FunctionSpec, InvocationResult } from '../lambda/environment.ts';
import { functionAt } from '../function-specs.ts';
import { compilePattern } from './event-pattern.ts';
import { deliver, type RetryRules, type StreamRecord } from './delivery.ts';
import { type Following, followStream } from './follow-stream.ts';
import { properties, read } from '../properties.ts';
import type { LocalTable } from '../tables.ts';
import type { Resource } from '../template.ts';

const mappingSchema = properties(
  {
    EventSourceArn: z.string(),
    FunctionName: z.string(),
    StartingPosition: z.enum(['TRIM_HORIZON', 'LATEST']),
    // The defaults of AWS::Lambda::EventSourceMapping for a DynamoDB stream.
    BatchSize: z._default(z.int().check(z.gte(1), z.lte(1000)), 100),
    FilterCriteria: z.optional(z.strictObject({ Filters: z.array(z.strictObject({ Pattern: z.string() })) })),
    FunctionResponseTypes: z._default(z.array(z.literal('ReportBatchItemFailures')), []),
    BisectBatchOnFunctionError: z._default(z.boolean(), false),
    MaximumRetryAttempts: z._default(z.int(), -1),
    DestinationConfig: z.optional(z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }) })),
  },
  // Records never grow old enough here: the streams are as young as the runner.
  'MaximumBatchingWindowInSeconds',
  'MaximumRecordAgeInSeconds',
  'ParallelizationFactor',
  'MetricsConfig',
);

/** A mapping of a stream to a function. */
export interface StreamMapping {
  readonly logicalId: string;
  readonly functionId: string;
  /** The stream of a table of this stack, by the table's name, or any other stream by its ARN. */
  readonly stream: { readonly tableName: string } | { readonly arn: string };
  readonly fromStart: boolean;
  readonly batchSize: number;
  readonly rules: RetryRules;
  readonly fits: (record: StreamRecord) => boolean;
  /** The ARN of the bucket that gets what is given up. */
  readonly destination: string | undefined;
}

/** The mappings of a stack. Throws `TemplateError` for one that cannot run here. */
export function streamMappings(
  resources: readonly Resource[],
  functions: readonly FunctionSpec[],
  tables: readonly LocalTable[],
): StreamMapping[] {
  // A queue has no place to start from.
  const ofStreams = resources.filter(({ properties: { StartingPosition } }) => StartingPosition !== undefined);
  return ofStreams.map((resource) => {
    const { logicalId } = resource;
    const mapping = read(mappingSchema, resource);
    const table = tables.find(
      ({ name, hasStream }) => hasStream && mapping.EventSourceArn.includes(`:table/${name}/stream/`),
    );
    const patterns = mapping.FilterCriteria?.Filters.map(({ Pattern }) =>
      compilePattern(JSON.parse(Pattern), logicalId),
    );
    return {
      logicalId,
      functionId: functionAt(mapping.FunctionName, functions, resource),
      stream: table ? { tableName: table.name } : { arn: mapping.EventSourceArn },
      fromStart: mapping.StartingPosition === 'TRIM_HORIZON',
      batchSize: mapping.BatchSize,
      rules: {
        reportsFailures: mapping.FunctionResponseTypes.length > 0,
        bisects: mapping.BisectBatchOnFunctionError,
        retriesMax: mapping.MaximumRetryAttempts,
      },
      fits: (record) => !patterns || patterns.some((fits) => fits(record)),
      destination: mapping.DestinationConfig?.OnFailure.Destination,
    };
  });
}

/** What the runner of a mapping needs from outside. */
export interface MappingParts {
  readonly endpoint: string;
  readonly invoke: (functionId: string, eventJson: string) => Promise<InvocationResult>;
  /** Takes what is given up for the destination of the mapping: where the records are, and the event that holds them. */
  readonly giveUp: (mapping: StreamMapping, message: object, event: string) => void;
}

/** The first wait after a failed attempt, doubled with each further one. */
const backoffFirstMs = 100;
const backoffMaxMs = 5_000;

/** Follows the stream from now on (or from its start) and delivers what happens. */
export async function runMapping(mapping: StreamMapping, streamArn: string, parts: MappingParts): Promise<Following> {
  const eventOf = (records: readonly StreamRecord[]) =>
    JSON.stringify({
      Records: records.map((record) => ({ ...record, eventSourceARN: streamArn, awsRegion: 'us-east-1' })),
    });
  const invoke = (records: readonly StreamRecord[]) => parts.invoke(mapping.functionId, eventOf(records));
  return followStream({
    endpoint: parts.endpoint,
    streamArn,
    fromStart: mapping.fromStart,
    batchSize: mapping.batchSize,
    take: (records, wait) =>
      deliver(
        records.filter((record) => changesSomething(record) && mapping.fits(record)),
        mapping.rules,
        {
          invoke,
          pause: (attempt) => wait(Math.min(backoffFirstMs * 2 ** (attempt - 1), backoffMaxMs)),
          giveUp: (given, attempts) =>
            parts.giveUp(mapping, failureOf(mapping, streamArn, given, attempts), eventOf(given)),
        },
      ),
  });
}

/** The embedded engine reports a write that changed nothing, which DynamoDB does not. */
function changesSomething({ dynamodb: { OldImage, NewImage } }: StreamRecord): boolean {
  return OldImage === undefined || NewImage === undefined || !isDeepStrictEqual(OldImage, NewImage);
}

/** The message that AWS sends for a batch that was given up: where the records are, not the records. */
function failureOf(
  { functionId }: StreamMapping,
  streamArn: string,
  records: readonly StreamRecord[],
  attempts: number,
) {
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: { functionArn: functionId, condition: 'RetryAttemptsExhausted', approximateInvokeCount: attempts },
    DDBStreamBatchInfo: {
      streamArn,
      batchSize: records.length,
      startSequenceNumber: records[0]?.dynamodb.SequenceNumber,
      endSequenceNumber: records.at(-1)?.dynamodb.SequenceNumber,
    },
  };
}

/** The ARN of the mapping's stream on the endpoint. Throws `TemplateError` for a foreign table that is not there. */
export async function streamArnOf(
  endpoint: string,
  { logicalId, stream }: Pick<StreamMapping, 'logicalId' | 'stream'>,
): Promise<string> {
  const tableName = 'tableName' in stream ? stream.tableName : /:table\/([^/]+)/.exec(stream.arn)?.[1];
  const { Streams } = (await callDynamoDb(endpoint, 'DynamoDBStreams_20120810.ListStreams', {
    TableName: tableName,
  })) as { Streams: { StreamArn: string }[] };
  const found = Streams.find(({ StreamArn }) => 'tableName' in stream || StreamArn === stream.arn);
  if (found) return found.StreamArn;
  if ('tableName' in stream)
    throw new Error(`the table ${stream.tableName} has no stream: remove the data folder, or use another one`);
  throw new TemplateError(`${logicalId}: ${stream.arn} is no stream of this stack, and none of ${endpoint}`);
}
