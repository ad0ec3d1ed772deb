import { kindOf, type Log } from '../io/log.ts';
import { Unavailable } from '../rules/failure.ts';

/**
 * Does something with one link of many; `undefined` where that failed. A row that nobody can read delays no other: people are told, and it
 * is tried again. An outage is everybody's, so it is thrown on.
 */
export async function apart<Result>(event: string, log: Log, work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    log.error(event, { kind: kindOf(error) });
    log.count('StuckLinks');
    return undefined;
  }
}
