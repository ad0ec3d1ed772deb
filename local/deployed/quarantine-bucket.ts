import { DeleteObjectCommand, GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { awsAccount } from '../../infra/account.ts';
import { CommandError } from '../commands/command-error.ts';

/** The bucket of the batches that a stream gave up, each an object. */
export interface GivenUp {
  keys(): AsyncIterable<string>;
  read(key: string): Promise<string>;
  remove(key: string): Promise<void>;
}

/** The bucket of a deployed stage, by the stack's output. */
export async function awsBucket(stage: string): Promise<GivenUp> {
  const stack = await awsAccount().stack(`contact-bridge-${stage}`);
  const Bucket = stack?.outputs['QuarantineBucketName'];
  if (Bucket === undefined)
    throw new CommandError(`there is no stack contact-bridge-${stage} with a bucket in this account and region`);
  const client = new S3Client({});
  return {
    async *keys() {
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: 'aws/lambda/' }))
        yield* Contents.flatMap(({ Key }) => Key ?? []);
    },
    async read(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToString()) ?? '';
    },
    async remove(Key) {
      await client.send(new DeleteObjectCommand({ Bucket, Key }));
    },
  };
}
