import * as z from 'zod/mini';
import { CommandError } from '../commands/command-error.ts';
import { type Deployment, deploymentOf, type Target } from '../commands/deployment.ts';
import { show } from '../commands/output.ts';
import { parsedJson } from '../http/body.ts';
import { awsBucket, type GivenUp } from './quarantine-bucket.ts';

/** `contact-bridge quarantine replay`: gives what a stream gave up to the function again. */
export async function runReplay(options: Target & { readonly json?: true }): Promise<void> {
  if (options.local !== undefined) throw new CommandError('only a deployed stage has a bucket: give --stage');
  const { taken, left } = await replay(await awsBucket(options.stage), deploymentOf(options));
  show({ taken, left }, [`${taken} ${taken === 1 ? 'batch' : 'batches'} taken, ${left} left`], options.json);
  if (left > 0) throw new CommandError('what is left was not taken: the log of user-changed says why');
}

/** Lambda's own form of an object: the event is in it, as text or as it is (AWS, "Retain discarded records for a DynamoDB event source"). */
const objectSchema = z.object({ payload: z.union([z.string(), z.record(z.string(), z.unknown())]) });
const answerSchema = z.object({ batchItemFailures: z.array(z.unknown()) });

/**
 * Gives every batch to `user-changed` again, one after the other in the order of their keys, and removes those that were taken whole. Any
 * number of times is harmless: what was taken before is a repeat, and an older version never overwrites a newer one. Answers how many were
 * taken, and how many stay.
 */
export async function replay(bucket: GivenUp, deployment: Deployment) {
  let [taken, left] = [0, 0];
  for await (const key of bucket.keys()) {
    if (await isTaken(await bucket.read(key), deployment)) {
      await bucket.remove(key);
      taken += 1;
    } else left += 1;
  }
  return { taken, left };
}

async function isTaken(text: string, deployment: Deployment): Promise<boolean> {
  const object = z.safeParse(objectSchema, parsedJson(text));
  if (!object.success) return false;
  const { payload } = object.data;
  const event: unknown = typeof payload === 'string' ? parsedJson(payload) : payload;
  if (typeof event !== 'object' || event === null || !('Records' in event)) return false;
  const called = await deployment.callUserChanged(event);
  if (called.kind !== 'answered') return false;
  const answer = z.safeParse(answerSchema, called.payload);
  return answer.success && answer.data.batchItemFailures.length === 0;
}
