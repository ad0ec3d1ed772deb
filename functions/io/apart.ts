import { Unavailable, type OutageCode } from '../rules/failure.ts';
import { kindOf, type Log } from './log.ts';

/** What says nothing of any other row: settings of a later deployment evaluated this one, or others write it all the time. */
const ofOneRow: ReadonlySet<OutageCode> = new Set(['settings_outdated', 'contended']);

/** Does something with one row of many; `undefined` where that failed, and people are told. An outage, which is everybody's, is thrown on. */
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
