import type * as z from 'zod/mini';
import type { ContactPolicy } from '../rules/contacts/desired.ts';
import { logAbout, logApart } from '../io/log.ts';
import type { UntilMs } from '../io/maiagent/contact-api.ts';
import { lookUp } from '../io/maiagent/presence.ts';
import { sourceIdOf, subjectOf } from '../rules/contacts/subject.ts';
import type { Link } from '../rules/contacts/link.ts';
import { evaluated } from '../rules/evaluation.ts';
import {
  differenceOf,
  isQuiet,
  type comparedSchema,
  type Difference,
  type Listed,
  type Look,
  type Mended,
} from '../rules/maiagent/difference.ts';
import { outageOf } from '../rules/maiagent/outage.ts';
import { idsUnder } from './erase-contact.ts';
import type { Deps } from './outcome.ts';

/** An operator's wish: to go through a page of MaiAgent's list, or to compare some contacts with their links. */
export type Compare = { readonly compare: 'list'; readonly from?: string } | { readonly compare: readonly Look[] };
export type Compared = z.infer<typeof comparedSchema>;

/** The wish to put right what was found, if it is still so. */
export interface Mend {
  readonly mend: readonly Difference[];
}

/** Shorter than the function's timeout by the longest request. */
const WISH_MS_MAX = 40_000;
/** Nothing is begun after this time: at the slowest pace that a stage may have, one contact takes the rest. */
const BEGIN_MS_MAX = 15_000;

/** Compares, and changes nothing. */
export async function compare(wish: Compare, policy: ContactPolicy, deps: Deps): Promise<Listed | Compared> {
  const until = deps.clock.elapsed() + WISH_MS_MAX;
  if (wish.compare === 'list') return listFrom(wish.from, until, deps);
  const differences: Difference[] = [];
  const last = deps.clock.elapsed() + BEGIN_MS_MAX;
  let [underWay, unknown] = [0, 0];
  for (const [at, look] of wish.compare.entries()) {
    if (deps.clock.elapsed() > last) return { differences, underWay, unknown, left: wish.compare.slice(at) };
    const ids = await idsOf(look, until, deps);
    if (!ids) unknown += 1;
    for (const contactId of ids ?? []) {
      const found = await logApart(() => examine(look.pk, contactId, until, deps));
      if (!found || evaluated(found.link, policy)) underWay += 1;
      else if (found.difference) differences.push(found.difference);
    }
  }
  return { differences, underWay, unknown };
}

async function listFrom(from: string | undefined, until: UntilMs, { contacts, links: table }: Deps): Promise<Listed> {
  const page = await contacts.list(from === undefined ? undefined : new URLSearchParams(from), until);
  if (page.kind !== 'done') throw outageOf(page);
  const { items, next } = page.value;
  const [looks, orphans]: [Look[], Listed['orphans']] = [[], []];
  const about = await Promise.all(items.map(async (contact) => ({ contact, links: await table.about(contact) })));
  for (const { contact, links } of about) {
    const link = links.find(({ contactId }) => contactId === contact.id) ?? links[0];
    if (!link) orphans.push({ contactId: contact.id, sourceId: contact.sourceId ?? null });
    else if (differenceOf(link, contact.id, contact, contacts.inboxId))
      looks.push({ pk: link.pk, contactId: contact.id });
  }
  return { looks, orphans, seen: items.map(({ id }) => id), ...(next && { next: next.toString() }) };
}

/** The contact of the link, and all that MaiAgent has under the `sourceId`s of its subject. */
async function idsOf({ pk, contactId }: Look, until: UntilMs, { links, contacts }: Deps) {
  if (contactId !== undefined) return [contactId];
  const link = await links.read(pk);
  if (!link) return undefined;
  const ids = new Set(link.contactId === undefined ? [] : [link.contactId]);
  for (let generation = 1; generation <= link.generation; generation += 1) {
    const found = await idsUnder(sourceIdOf(subjectOf(pk), generation), until, contacts);
    if (!Array.isArray(found)) throw outageOf(found);
    for (const id of found) ids.add(id);
  }
  return [...ids];
}

/** A link and a contact as they are now. `undefined` while the link is being worked on. */
async function examine(pk: string, contactId: string, until: UntilMs, { links, contacts, clock }: Deps) {
  const link = await links.read(pk);
  logAbout({ person: link?.pseudonym });
  if (!link || !isQuiet(link, clock.now())) return undefined;
  const found = await lookUp(contactId, until, contacts);
  if ('kind' in found) throw outageOf(found);
  return { link, difference: differenceOf(link, contactId, found.contact, contacts.inboxId) };
}

/** Puts right exactly what was planned. Whatever has changed since, at MaiAgent or here, is left alone. */
export async function mend({ mend: planned }: Mend, deps: Deps): Promise<Mended> {
  const until = deps.clock.elapsed() + WISH_MS_MAX;
  const last = deps.clock.elapsed() + BEGIN_MS_MAX;
  const mended: Mended = [];
  for (const all of Map.groupBy(planned, ({ pk }) => pk).values())
    if (deps.clock.elapsed() <= last) mended.push(...(await logApart(() => mendLink(all, until, deps))));
    else mended.push(...all.map((one) => ({ ...one, why: 'there was no time for it: apply the plan again' })));
  return mended;
}

/** Everything of one link is judged before anything of it is mended. */
async function mendLink(all: readonly Difference[], until: UntilMs, deps: Deps): Promise<Mended> {
  const same: Difference[] = [];
  const mended: Mended = [];
  let link: Link | undefined;
  for (const planned of all) {
    const found = await examine(planned.pk, planned.contactId, until, deps);
    const why = changeSince(planned, found);
    if (why === undefined) same.push(planned);
    else mended.push({ ...planned, why });
    link = found?.link;
  }
  const why = link && same.length > 0 ? await putRight(link, same, deps) : undefined;
  return [...mended, ...same.map((planned) => ({ ...planned, why }))];
}

function changeSince(planned: Difference, found: Awaited<ReturnType<typeof examine>>): string | undefined {
  if (!found) return 'its link is being worked on';
  const { difference: now } = found;
  if (!now) return 'it is in order by now';
  if (now.link !== planned.link) return 'its link has changed';
  return now.contact === planned.contact && now.kind === planned.kind ? undefined : 'its contact has changed';
}

const isOfAnother = new Set<Difference['kind']>(['extra', 'doubled', 'left_behind']);

/** Why it was left alone, if it was. `sync` does the rest: it takes back or sends what is desired, and erases what is to go. */
export async function putRight(link: Link, same: readonly Difference[], { links }: Deps): Promise<string | undefined> {
  const found = same.filter(({ kind }) => isOfAnother.has(kind)).map(({ contactId }) => contactId);
  for (const contactId of found)
    if (!(await links.hold(link, contactId, 'erase'))) return 'its contact is held by another link';
  const wrote = await links.drifted(link, {
    ...(found.length > 0 && { formerContacts: found }),
    ...(same.some(({ kind }) => kind === 'elsewhere') && { claims: link.contactId }),
  });
  return wrote ? undefined : 'its link has changed';
}
