import { randomUUID } from 'node:crypto';
import { apart } from '../io/apart.ts';
import type { Item } from '../io/aws/items.ts';
import { PARTS, type Erasures, type Pass } from '../io/aws/erasures.ts';
import type { Quarantine } from '../io/aws/quarantine.ts';
import type { BroadcastTable } from '../io/broadcasts/broadcast-table.ts';
import { kindOf } from '../io/log.ts';
import { endEntry } from '../io/scim/end-entry.ts';
import type { ContactPolicy } from '../rules/contacts/desired.ts';
import { Unavailable } from '../rules/failure.ts';
import { isErased, isOutstanding, type Link } from '../rules/contacts/link.ts';
import { linkKey, subjectOf } from '../rules/contacts/subject.ts';
import {
  ERASING_SHARD,
  expiredBefore,
  EXPIRING_SHARD,
  leavesWith,
  type ErasedContact,
} from '../rules/erasure/erasure.ts';
import { withoutPeople, type Person } from '../rules/erasure/ledgers.ts';
import { mentions } from '../rules/erasure/mentions.ts';
import { otherSourcesOf } from '../rules/erasure/receipt.ts';
import type { SourceDeclaration } from '../rules/sources/source.ts';
import { endVisitor, endVisitors } from './end-visitor.ts';
import type { Deps } from './outcome.ts';

export interface EraseDeps extends Deps {
  readonly erasures: Erasures;
  readonly quarantine: Quarantine;
  readonly broadcasts: BroadcastTable;
  readonly settings: { readonly sources: readonly SourceDeclaration[] };
}

/** So many people are erased in one pass: their ids have room in its row. */
const PEOPLE_MAX = 200;
/** What is not over yet, such as a message without an answer, is looked at again after this time. */
const AGAIN_MS = 600_000;

/** Ends visitors whose time is over, and erases the records of deleted people, page by page. Each step may be repeated. */
export async function eraseRecords(
  until: number,
  { policy, visitorDays }: { readonly policy: ContactPolicy; readonly visitorDays: number },
  deps: EraseDeps,
): Promise<void> {
  try {
    await endExpired(until, policy, visitorDays, deps);
    while (deps.clock.elapsed() < until) {
      const pass = await deps.erasures.pass();
      if (pass && pass.people.length > 0) await turn(pass, deps);
      else if (!(await begin(pass, policy, deps))) return;
    }
  } catch (error) {
    // The pass stays where it is, and the next sweep goes on there. What is no outage stands in everybody's way, and somebody has to know.
    deps.log.error('erasure-failed', { kind: kindOf(error) });
    if (!(error instanceof Unavailable)) deps.log.count('StuckLinks');
  }
}

async function endExpired(until: number, policy: ContactPolicy, visitorDays: number, deps: EraseDeps): Promise<void> {
  const { erasures, links, clock, log } = deps;
  const before = expiredBefore(visitorDays, clock.now());
  let expired = 0;
  for await (const pk of erasures.waiting('end', before)) {
    if (clock.elapsed() >= until) break;
    const link = await links.read(pk);
    if (link?.seenOn === undefined || link.dueShard !== EXPIRING_SHARD) continue;
    // The index knows when the visitor came first, the row when last.
    if (Date.parse(link.seenOn) > before) await links.clearDue(link);
    else {
      await apart('visitor-not-ended', log, () => endVisitor(link, policy, deps));
      expired += 1;
    }
  }
  if (expired > 0) log.note('visitors-expired', { expired });
}

/** Begins a pass for everybody who waits; false where nobody does. */
async function begin(before: Pass | undefined, policy: ContactPolicy, deps: EraseDeps): Promise<boolean> {
  const { erasures, links, clock, log } = deps;
  const people: Person[] = [];
  for await (const pk of erasures.waiting('records', clock.now())) {
    await apart('person-not-erased', log, async () => {
      const link = await links.read(pk);
      // The index shows for a moment what is over.
      if (link?.erasing === undefined || link.dueShard !== ERASING_SHARD || (link.dueAt ?? 0) > clock.now()) return;
      await endVisitors(link, policy, deps);
      people.push(personOf(link, link.erasing));
    });
    if (people.length >= PEOPLE_MAX) break;
  }
  if (people.length === 0) return false;
  await refuseOldPages(deps);
  await erasures.move(before, { people, part: PARTS[0] });
  return true;
}

/**
 * A worker that plans a run may have stopped after it read somebody's link, and write the page when the pass is behind its place. Every run
 * that is being planned gets another revision before the pass: the page is refused, and read again, without whoever is deleted.
 */
async function refuseOldPages({ broadcasts }: EraseDeps): Promise<void> {
  // Where another write was faster, that one has refused the page.
  for await (const run of broadcasts.openRuns())
    if (!run.isPlanned) await broadcasts.commit([{ before: run, after: run }]);
}

function personOf({ pk, contactId, accountStatus, erasedContacts = [] }: Link, since: number): Person {
  const contactIds = erasedContacts.map((one) => one.contactId);
  return { pk, since, contactIds, ...(accountStatus !== 'deleted' && { present: contactId ?? '' }) };
}

/** One page of the pass, or its end. */
async function turn(pass: Pass, deps: EraseDeps): Promise<void> {
  const from = pass.cursor === undefined ? undefined : (JSON.parse(pass.cursor) as Item);
  const open = new Set<string>();
  const next =
    pass.part === 'broadcasts'
      ? await eraseInLedgers(pass, from, open, deps)
      : await eraseInQuarantine(pass, from, deps);
  const people = pass.people.map((one) => (open.has(one.pk) ? { ...one, isOpen: true as const } : one));
  const part = next === undefined ? PARTS[PARTS.indexOf(pass.part) + 1] : pass.part;
  if (part === undefined) return end({ ...pass, people }, deps);
  await deps.erasures.move(pass, { people, part, ...(next && { cursor: JSON.stringify(next) }) });
}

async function eraseInQuarantine({ part, people }: Pass, from: Item | undefined, deps: EraseDeps) {
  const { quarantine, settings, clock, log } = deps;
  const users = people.flatMap((one) => {
    const subject = subjectOf(one.pk);
    return subject.kind === 'user' ? [{ ...one, userId: subject.userId }] : [];
  });
  const { records, next } = await quarantine.page(part === 'open' ? 'open' : 'closed', from);
  for (const record of records) {
    const source = settings.sources.find(({ name }) => name === record.source);
    const isAbout = mentions(record, source, clock.now());
    // What came after the deletion may be about a new life, also where that has not begun yet: its events come in any order.
    const isOver = ({ since }: Person) => record.arrivedAtMs <= since;
    if (!users.some((one) => isAbout(one.userId) && isOver(one))) continue;
    await quarantine.erase(record, randomUUID());
    if (part !== 'open') continue;
    log.warn('quarantined-record-erased', { source: record.source });
    log.count('QuarantineErased');
  }
  return next;
}

async function eraseInLedgers(
  { people }: Pass,
  from: Item | undefined,
  open: Set<string>,
  { broadcasts, links }: EraseDeps,
): Promise<Item | undefined> {
  const { rows, next } = await broadcasts.page(from);
  const areInIt = rows.some((row) => withoutPeople(row, people, randomUUID) !== row);
  // A life may have begun since the pass did. The links are read after the rows, so that they show every life that a row can mean.
  const asTheyAre = (areInIt ? people : []).map(async (one) => {
    const link = await links.read(one.pk);
    return link ? personOf(link, one.since) : one;
  });
  const present = await Promise.all(asTheyAre);
  for (const before of areInIt ? rows : []) {
    const after = withoutPeople(before, present, randomUUID);
    if ('open' in after) for (const { pk } of after.open) open.add(pk);
    else if (after !== before && (await broadcasts.commit([{ before, after }])) !== 'committed')
      // Somebody else wrote the row meanwhile, and nobody knows who is in it now.
      for (const { pk } of people) open.add(pk);
  }
  return next;
}

/** Strikes everybody of whom nothing is left, the visitors first, because users wait for theirs. */
async function end(pass: Pass, deps: EraseDeps): Promise<void> {
  const { erasures, links, clock, log } = deps;
  const postpone = (person: Person) => erasures.postpone(person, clock.now() + AGAIN_MS);
  const strike = async (person: Person): Promise<true> => {
    const link = await links.read(person.pk);
    const contacts = link && (await visitorsContacts(link, deps));
    const isWaiting = !link || !contacts || (link.accountStatus === 'deleted' && isOutstanding(link));
    if (isWaiting || person.isOpen) {
      await postpone(person);
      return true;
    }
    await endEntries(link, deps);
    await erasures.strike(link, { since: person.since, at: clock.now(), contacts });
    return true;
  };
  for (const person of pass.people.toSorted((a, b) => (a.pk > b.pk ? -1 : 1)))
    if (!(await apart('person-not-erased', log, () => strike(person))))
      await apart('person-not-erased', log, () => postpone(person));
  await erasures.move(pass, { people: [], part: PARTS[0] });
}

/** Takes away what directories wrote of the user that the stage does not declare any more: they never will. */
async function endEntries(link: Link, { erasures, settings }: EraseDeps): Promise<void> {
  const subject = subjectOf(link.pk);
  if (subject.kind !== 'user') return;
  for (const source of otherSourcesOf(link, settings.sources))
    await endEntry(erasures.directory(source), subject.userId);
}

/** The contacts of the visitors who became this user; `undefined` while one of them is still there. */
async function visitorsContacts(link: Link, { links }: EraseDeps): Promise<readonly ErasedContact[] | undefined> {
  const known = link.erasedRecords?.contacts ?? [];
  const found: ErasedContact[] = [];
  for (const visitorId of link.visitors ?? []) {
    const visitor = await links.read(linkKey({ kind: 'visitor', visitorId }));
    if (visitor && !leavesWith(visitor, link)) continue;
    // Where the row is gone, the visitor was erased half a year ago.
    if (visitor && (visitor.accountStatus !== 'deleted' || !isErased(visitor))) return undefined;
    found.push(...(visitor?.erasedContacts ?? []));
  }
  return [...known.filter((one) => !found.some(({ contactId }) => contactId === one.contactId)), ...found];
}
