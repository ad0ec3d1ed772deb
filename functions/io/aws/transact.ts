import {
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type CancellationReason,
  type DynamoDBClient,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { Unavailable } from '../../rules/failure.ts';
import { systemClock, type Clock } from '../clock.ts';
import { storeOutage } from './clients.ts';

/** Transactions that touch the same row cancel each other at once, and a single item may be throttled. The SDK repeats neither. */
const THROTTLED = new Set<string | undefined>(['ThrottlingError', 'ProvisionedThroughputExceeded']);
/** The pause doubles each time: four seconds in all. */
const ATTEMPTS_MAX = 8;
const FIRST_PAUSE_MS = 15;

/** Commits all writes together or none. Returns `undefined` after the commit, or else the reason of the refusal for each write. */
export async function transact(
  client: DynamoDBClient,
  TransactItems: TransactWriteItem[],
  clock: Pick<Clock, 'elapsed' | 'sleep'> = systemClock,
): Promise<readonly CancellationReason[] | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems }));
      return undefined;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const reasons = error.CancellationReasons ?? [];
      if (reasons.some(hasFailed)) return reasons;
      const outage = outageOf(reasons);
      if (!outage) throw error;
      if (attempt > ATTEMPTS_MAX) throw outage;
      // Those who collided come back apart: the part of a millisecond that has passed is another one for each of them.
      await clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + (clock.elapsed() % 1)));
    }
  }
}

/** What a cancelled transaction means for the caller whose conditions all held; `undefined` if it is a mistake of ours. */
export function outageOf(reasons: readonly CancellationReason[]): Unavailable | undefined {
  const throttled = reasons.find(({ Code }) => THROTTLED.has(Code));
  if (throttled) return storeOutage(`${throttled.Code}`);
  return reasons.some(({ Code }) => Code === 'TransactionConflict') ? new Unavailable('contended') : undefined;
}

/** Whether this write's condition did not hold. */
export const hasFailed = ({ Code }: CancellationReason): boolean => Code === 'ConditionalCheckFailed';
