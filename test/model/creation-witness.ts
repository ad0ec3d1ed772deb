import type { Breach } from './explore.ts';
import { isLive, type CreationState } from './creation-state.ts';
import type { Row } from './link-row.ts';

/** What is wrong with a write that bound a contact to what was this row (invariants 2 and 3). */
export function breachOfBinding(before: CreationState, { generation, contact }: Row): Breach | undefined {
  const of = before.contacts[Number(contact?.slice(1))]?.of;
  if (of !== generation) return { invariant: 3, because: "the bound contact has another one's sourceId" };
  const isBound = before.row.contact !== null;
  return isBound ? { invariant: 2, because: 'a contact was bound to this generation before' } : undefined;
}

/** A contact is removed because another one was bound first (invariant 3). */
export function breachOfRemoval(before: CreationState, contact: string): Breach | undefined {
  const isOurs = before.contacts[Number(contact.slice(1))] !== undefined;
  return isOurs ? undefined : { invariant: 3, because: "another one's contact was removed" };
}

/** Notes that an id was answered (invariant 1). */
export function handsOut(
  state: CreationState,
  generation: number,
  contact: string,
): { state: CreationState; breach: Breach | undefined } {
  const before = state.handed[generation - 1] ?? null;
  const handed = state.handed.map((one, index) => (index === generation - 1 ? contact : one));
  const isOther = before !== null && before !== contact;
  const breach = isOther ? { invariant: 1, because: 'two ids were answered for one generation' } : undefined;
  return { state: { ...state, handed }, breach };
}

/** A create is sent (invariant 4). */
export function posts({ row }: CreationState, name: string, foundNone: boolean): Breach | undefined {
  const isLeased = row.lease?.owner === name && !row.lease.isOver;
  if (!isLeased) return { invariant: 4, because: 'the create was sent without a live lease' };
  return foundNone ? undefined : { invariant: 4, because: 'no search found conclusively nothing before the create' };
}

/** Nobody does anything, nothing is on its way, nothing is owed. */
export function isAtRest({ row, intake, callers, inFlight }: CreationState): boolean {
  const isIdle = callers.every(({ at }) => at === 'idle') && intake === null && inFlight.length === 0;
  return isIdle && !row.isDue && (row.lease === null || row.lease.isOver);
}

/** At rest each live contact is the bound one, or was reported (invariant 5). */
export function breachAtRest(state: CreationState): Breach | undefined {
  if (!isAtRest(state)) return undefined;
  const { row, contacts } = state;
  const rightful = row.accountStatus === 'active' ? row.contact : null;
  const extra = contacts.some((one, index) => one.isLive && !one.isReported && `c${index}` !== rightful);
  return extra ? { invariant: 5, because: 'a live contact is left that nobody is bound to' } : undefined;
}

/** At rest, and whoever is active has a contact that is there. */
export function isSettled(state: CreationState): boolean {
  const { row } = state;
  if (!isAtRest(state) || row.revision === 0) return isAtRest(state) && row.revision === 0;
  return row.accountStatus === 'deleted' || (row.contact !== null && isLive(state, row.contact));
}
