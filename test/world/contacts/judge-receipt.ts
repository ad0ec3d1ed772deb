import { inboxId } from '../../rigs/real-parts.ts';
import { isErased, type Link } from '../../../functions/rules/contacts/link.ts';
import { erasedSourceId } from '../../../functions/rules/erasure/erasure.ts';
import type { Person } from './person.ts';
import { shell } from './truth.ts';
import { isOf } from './witness.ts';

/** At every change of the row: a receipt that says done is true at MaiAgent at that moment, and no value stays in the row of the deleted. */
export function judgeReceipt(person: Person): void {
  const { row, userId, world } = person;
  if (row) judgeVisitors(person, row);
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

/** Where no record is left to be erased, also of somebody who was created again: the visitors of the life that ended are over. */
function judgeVisitors(person: Person, { accountStatus, erasing, erasedRecords, visitors = [] }: Link): void {
  const { world } = person;
  if (erasing !== undefined || !erasedRecords) return;
  for (const visitorId of visitors) {
    const visitor = world.link(`visitor#${visitorId}`);
    const isOfNow = accountStatus !== 'deleted' && (visitor?.promotedAt ?? 0) > erasedRecords.since;
    if (!visitor || isOfNow) continue;
    if (visitor.accountStatus !== 'deleted' || !isErased(visitor))
      person.accuse('done, and a visitor who became the user is still there');
    const contact = world.maiAgent.store.contact(visitor.contactId ?? '');
    const isNamed = erasedRecords.contacts.some((one) => one.contactId === contact?.id && one.how === 'anonymised');
    if (contact && (contact.sourceId !== erasedSourceId(contact.id) || contact.name !== shell.name || !isNamed))
      person.accuse("done, and the receipt does not name the visitor's contact");
  }
}

/** At rest no contact is without a link that has it, or a receipt that names it. */
export function judgeOrphans(person: Person): void {
  const { world } = person;
  const links = ['user#', 'visitor#'].flatMap((kind) => world.rows('Links', kind) as unknown as Link[]);
  const isKept = (id: string): boolean =>
    links.some(
      ({ contactId, accountStatus, erasedContacts = [] }) =>
        (contactId === id && accountStatus !== 'deleted') || erasedContacts.some((one) => one.contactId === id),
    );
  for (const one of world.maiAgent.store.liveContacts) {
    const isErasedOne = one.sourceId === erasedSourceId(one.id);
    if ((isErasedOne || one.sourceId?.startsWith('~visitor_')) && !isKept(one.id))
      person.accuse(`nobody knows of the contact of ${String(one.sourceId)}`);
  }
}
