import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TemplateError } from './intrinsics.ts';
import * as z from 'zod/mini';
import { properties, read } from './properties.ts';
import type { StreamMapping } from './streams/stream-mappings.ts';
import type { Resource } from './template.ts';

/** An object of a bucket. */
export interface StoredObject {
  readonly key: string;
  readonly body: string;
}

const bucketSchema = properties(
  { BucketName: z.optional(z.string()) },
  'BucketEncryption',
  'LifecycleConfiguration',
  'PublicAccessBlockConfiguration',
);

/** Where mappings put what they gave up: buckets, which are folders here. Throws `TemplateError` for another destination. */
export function openDestinations(buckets: readonly Resource[], mappings: readonly StreamMapping[], bucketsDir: string) {
  const folderOf = ({ identity }: Resource): string => path.join(bucketsDir, identity.ref);
  for (const bucket of buckets) read(bucketSchema, bucket);
  const folders = new Map(buckets.map((bucket) => [bucket.identity.attribute('Arn'), folderOf(bucket)]));
  for (const { logicalId, destination } of mappings)
    if (destination !== undefined && !folders.has(destination))
      throw new TemplateError(`${logicalId}: ${destination} is no bucket of this stack`);
  return {
    /** To be called with where the records are, and with the event that holds them. */
    giveUp: ({ logicalId, destination }: StreamMapping, message: object, event: string) => {
      const folder = folders.get(destination);
      // A bucket gets the records as well (AWS, "Retain discarded records for a DynamoDB event source in Lambda").
      if (folder !== undefined)
        write(folder, keyOf(logicalId, new Date()), JSON.stringify({ ...message, payload: event }));
    },
    /** By key. */
    objects: (bucket: Resource) => objectsIn(folderOf(bucket)),
  };
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
function objectsIn(bucket: string): StoredObject[] {
  if (!existsSync(bucket)) return [];
  return readdirSync(bucket, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({ key: path.relative(bucket, file), body: readFileSync(file, 'utf8') }));
}
