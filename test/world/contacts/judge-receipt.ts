import { inboxId } from '../../rigs/real-parts.ts';
import { isErased } from '../../../functions/rules/contacts/link.ts';
import type { Person } from './person.ts';
import { shell } from './truth.ts';
import { isOf } from './witness.ts';

/** At every change of the row: a receipt that says done is true at MaiAgent at that moment, and no value stays in the row of the deleted. */
export function judgeReceipt(person: Person): void {
  const { row, userId, world } = person;
  if (row?.accountStatus !== 'deleted') return;
  if (/(generic|api|token) ?\d/.test(JSON.stringify([row.reports, row.desired])))
    person.accuse('the row of a deleted user keeps a value');
  if (!isErased(row)) return;
  const left = world.maiAgent.store.liveContacts.filter(
    (one) => isOf(userId, world.originOf(one)) && one.inboxes.includes(inboxId),
  );
  for (const { id, name, sourceId } of left) {
    if (name !== shell.name || isOf(userId, sourceId)) person.accuse('done, and a contact has a name or the id');
    const evidence = row.erasedContacts?.find((one) => one.contactId === id);
    if (evidence?.how !== 'anonymised' || (evidence.conversations?.length ?? 0) === 0)
      person.accuse('done, and the receipt does not name what remains');
  }
}
