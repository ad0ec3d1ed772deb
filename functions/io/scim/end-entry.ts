import { randomUUID } from 'node:crypto';
import { Unavailable } from '../../rules/failure.ts';
import type { ScimTable } from './scim-table.ts';

/** Ends the entry of somebody who is erased, as its directory would. Only where the stage does not declare that: else the directory reads it still. */
export async function endEntry(table: ScimTable, userId: string): Promise<void> {
  const id = await table.entryOf(userId);
  const before = id === undefined ? undefined : await table.read('User', id);
  if (id === undefined || !before) return;
  const { revision, createdAtMs, changedAtMs, keys = [], groups = {} } = before;
  const gone = { id, revision: revision + 1, createdAtMs, changedAtMs };
  const mark = randomUUID();
  const freed = [...table.keys('User', id, keys, []), ...(await table.forget(Object.keys(groups), id, false))];
  if ((await table.commit([table.put('User', before, gone, mark), ...freed], mark)) !== 'done')
    throw new Unavailable('contended');
}
