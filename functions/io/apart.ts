import { Unavailable, type OutageCode } from '../rules/failure.ts';
import { kindOf, type Log } from './log.ts';

/** What says nothing of any other row: settings of a later deployment evaluated this one, or others write it all the time. */
const ofOneRow: ReadonlySet<OutageCode> = new Set(['settings_outdated', 'contended']);

/**
 * Does something with one link of many; `undefined` where that failed. A row that nobody can read or write delays no other: people are
 * told, and it is tried again. An outage is everybody's, so it is thrown on.
 */
export async function apart<Result>(event: string, log: Log, work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unavailable && !ofOneRow.has(error.code)) throw error;
    log.error(event, { kind: kindOf(error) });
    log.count('StuckLinks');
    return undefined;
  }
}
