import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TemplateError } from './intrinsics.ts';
import type { StreamMapping } from './streams/stream-mappings.ts';
import type { Resource } from './template.ts';

/** An object of a bucket. */
export interface StoredObject {
  readonly key: string;
  readonly body: string;
}

/** Where stream mappings put what they gave up: the queues of the stack, and its buckets, which are folders here. */
export interface Destinations {
  /** To be called with where the records are, and with the event that holds them. */
  readonly giveUp: (mapping: StreamMapping, message: object, event: string) => void;
  /** Oldest first. */
  readonly messages: (queueArn: string) => readonly object[];
  /** By key. */
  readonly objects: (bucketArn: string) => readonly StoredObject[];
}

/** Messages that a queue keeps; nobody reads them here but people and tests. */
const messagesMax = 1_000;

/** Throws `TemplateError` for a mapping whose destination is no queue and no bucket of this stack. */
export function openDestinations(
  resources: readonly Resource[],
  mappings: readonly StreamMapping[],
  bucketsDir: string,
): Destinations {
  const queues = new Map(arnsOf(resources, 'AWS::SQS::Queue').map(([arn]) => [arn, [] as object[]]));
  const buckets = new Map(
    arnsOf(resources, 'AWS::S3::Bucket').map(([arn, name]) => [arn, path.join(bucketsDir, name)]),
  );
  for (const { logicalId, destination } of mappings)
    if (destination !== undefined && !queues.has(destination) && !buckets.has(destination))
      throw new TemplateError(`${logicalId}: ${destination} is no queue and no bucket of this stack`);

  function giveUp(mapping: StreamMapping, message: object, event: string): void {
    const { logicalId, destination = '' } = mapping;
    const bucket = buckets.get(destination);
    // A bucket gets the records as well (AWS, "Retain discarded records for a DynamoDB event source in Lambda").
    if (bucket !== undefined)
      write(bucket, keyOf(logicalId, new Date()), JSON.stringify({ ...message, payload: event }));
    const queue = queues.get(destination);
    if (queue) queues.set(destination, [...queue, message].slice(-messagesMax));
  }

  return {
    giveUp,
    messages: (arn) => queues.get(arn) ?? [],
    objects: (arn) => read(buckets.get(arn)),
  };
}

function arnsOf(resources: readonly Resource[], wanted: string): [arn: string, name: string][] {
  return resources
    .filter(({ type }) => type === wanted)
    .map(({ identity }) => [identity.attribute('Arn') ?? '', identity.ref]);
}

/** `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/<time>-<uuid>`: Lambda's own form, in which the time has no colons. */
function keyOf(logicalId: string, at: Date): string {
  const [day = '', time = ''] = at.toISOString().slice(0, 19).split('T');
  return `aws/lambda/${logicalId}/shard/${day.replaceAll('-', '/')}/${day}T${time.replaceAll(':', '.')}-${randomUUID()}`;
}

function write(bucket: string, key: string, body: string): void {
  const file = path.join(bucket, key);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, body);
}

/** A bucket has no folder before its first object. */
function read(bucket: string | undefined): StoredObject[] {
  if (bucket === undefined || !existsSync(bucket)) return [];
  return readdirSync(bucket, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({ key: path.relative(bucket, file), body: readFileSync(file, 'utf8') }));
}
