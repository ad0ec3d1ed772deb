import type { Breach, Kind, Step } from './explore.ts';
import { isClean, noRow, type Read, type Row, type RowWeakness } from './link-row.ts';
import { linkWrites, type LinkWrites } from './link-writes.ts';

/** Ways to get updating wrong, beside those of the writes. */
export type UpdateWeakness =
  | RowWeakness
  | 'the last arrival wins a tie'
  | 'lease too short'
  | 'deadline checked only once'
  | 'the second try sends what is wanted by then'
  | 'clean whatever is under way'
  | 'answered before the permissions are confirmed';

export interface UpdateTerms {
  readonly weakness?: UpdateWeakness;
  readonly writes?: LinkWrites;
}
export type UpdateRules = UpdateTerms & { readonly writes: LinkWrites };
export const updateRulesOf = (contactSettings: UpdateTerms): UpdateRules => ({
  writes: linkWrites,
  ...contactSettings,
});

/** What a source says, in the order of their versions; the last two have the same. The second takes the first back: A-B-A. */
export const events = [
  { says: 'an update to b', version: 1, accountStatus: 'active', desired: 'b' },
  { says: 'an update back to a', version: 2, accountStatus: 'active', desired: 'a' },
  { says: 'a deletion of the same version', version: 2, accountStatus: 'deleted', desired: 'x' },
] as const;

/** An event is on its way, being taken by an intake that has read the row, or kept. */
export type Taking = 'sent' | 'kept' | { readonly read: Read; readonly reports: number };

/** One invocation of `identify` or `sync`. */
export interface Writer {
  readonly at: 'idle' | 'patch' | 'patched' | 'confirm' | 'confirmOutdated' | 'rest';
  /** What it sends: the row's wanted hash when it got its lease. */
  readonly value: string | null;
  readonly isAcknowledged: boolean;
  readonly isSecond: boolean;
  /** What it read, before it takes the link off the due list. */
  readonly read: { readonly revision: number; readonly confirmed: string | null } | null;
}

/** An update at MaiAgent that has not taken effect yet and still may. */
export interface Patch {
  readonly by: string;
  readonly value: string;
}

export interface UpdateState {
  readonly row: Row;
  /** The event that counts, of those that the row has heard; -1 for none. */
  readonly reports: number;
  readonly taking: readonly Taking[];
  readonly writers: readonly Writer[];
  readonly inFlight: readonly Patch[];
  /** What the contact is at MaiAgent. */
  readonly actual: string;
  /** Somebody has edited it there, which nobody tells the bridge. */
  readonly isEdited: boolean;
}

export type UpdateStep = Step<UpdateState>;

export const idleWriter: Writer = { at: 'idle', value: null, isAcknowledged: true, isSecond: false, read: null };

/** A clean link that is bound to `c0`. */
export const startOfUpdate: UpdateState = {
  row: { ...noRow, revision: 1, contact: 'c0', confirmed: 'a' },
  reports: -1,
  taking: events.map(() => 'sent'),
  writers: [idleWriter, idleWriter],
  inFlight: [],
  actual: 'a',
  isEdited: false,
};

/** What nobody but a person makes of a contact. */
export const EDITED = 'edited';

export const writerName = (who: number): string => (who === 0 ? 'A' : 'B');
const DEAD = 'dead';

export const deed = (kind: Kind, does: string, to: UpdateState): UpdateStep => ({ kind, does, to });

/** The state with a writer somewhere else. */
export const moves = (state: UpdateState, who: number, writer: Writer): UpdateState => ({
  ...state,
  writers: state.writers.map((one, index) => (index === who ? writer : one)),
});

/** The writer is gone; its lease and its requests stay. */
export const quits = (state: UpdateState, who: number): UpdateState =>
  moves(
    withNames(state, (name) => (name === writerName(who) ? DEAD : name)),
    who,
    idleWriter,
  );

function withNames(state: UpdateState, renamed: (name: string) => string): UpdateState {
  const { lease } = state.row;
  const row = lease ? { ...state.row, lease: { ...lease, owner: renamed(lease.owner) } } : state.row;
  return { ...state, row, inFlight: inOrder(state.inFlight.map((one) => ({ ...one, by: renamed(one.by) }))) };
}

export const inOrder = (inFlight: readonly Patch[]): Patch[] =>
  inFlight.toSorted((a, b) => (a.by + a.value < b.by + b.value ? -1 : 1));

/** The two writers do the same: what differs only by their names is one state. */
export function canonicalUpdate(state: UpdateState): UpdateState {
  const [first = idleWriter, second = idleWriter] = state.writers;
  const [a, b] = [JSON.stringify(first), JSON.stringify(second)];
  if (a < b || (a === b && state.row.lease?.owner !== 'B')) return state;
  const swapped = withNames(state, (name) => ({ A: 'B', B: 'A' })[name] ?? name);
  return { ...swapped, writers: [second, first] };
}

/** The event that counts when one more is heard: the newest, and at the same version the deletion. */
export function heard(reports: number, event: number, { weakness }: UpdateRules): number {
  const [before, next] = [events[reports], events[event]];
  if (!before || !next || next.version > before.version) return event;
  if (next.version < before.version) return reports;
  return weakness === 'the last arrival wins a tie' || next.accountStatus === 'deleted' ? event : reports;
}

/** Whether the row says that MaiAgent has what is wanted. */
export const seemsClean = (row: Row, { weakness }: UpdateRules): boolean =>
  weakness === 'clean whatever is under way' ? row.confirmed === row.desired : isClean(row);

/** Invariants 6, 7 and 10, in any state. */
export function breachOfUpdate(state: UpdateState, rules: UpdateRules): Breach | undefined {
  const { row, taking, actual } = state;
  const kept = taking.flatMap((one, event) => (one === 'kept' ? [event] : []));
  const newest = kept.reduce((reports, event) => heard(reports, event, {} as UpdateRules), -1);
  if (row.desired !== (events[newest]?.desired ?? 'a'))
    return { invariant: 6, because: 'what is wanted is not what the newest event says that was accepted' };
  // The bridge cannot know of an edit before the audit does.
  const isTrue = actual === row.desired || actual === EDITED;
  if (!row.isDue && !(isClean(row) && isTrue))
    return { invariant: 7, because: 'the link is not due, and the contact is not as wanted' };
  const isAnswered = seemsClean(row, rules) || rules.weakness === 'answered before the permissions are confirmed';
  const isOther = row.accountStatus === 'active' && isAnswered && !isTrue;
  return isOther ? { invariant: 10, because: 'an id is answered while MaiAgent has other permissions' } : undefined;
}

/** Nobody is at it, nothing is on its way, nothing is owed, and it is so. */
export function isUpdated({ row, taking, writers, inFlight, actual }: UpdateState): boolean {
  const isQuiet = writers.every(({ at }) => at === 'idle') && taking.every((one) => typeof one === 'string');
  return isQuiet && inFlight.length === 0 && !row.isDue && isClean(row) && actual === row.desired;
}
