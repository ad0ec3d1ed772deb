import type { Breach, Kind, Step } from './explore.ts';
import { noRow, type Read, type Row, type RowWeakness } from './link-row.ts';
import { linkWrites, type Holder, type LinkWrites } from './link-writes.ts';

/** Whether MaiAgent refuses a second contact with one `sourceId`: never, always, or only when nobody creates at the same time. */
export type Uniqueness = 'racy' | 'atomic' | 'none';

/** Ways to get creating and adopting wrong, beside those of the writes. */
export type CreationWeakness =
  | RowWeakness
  | 'no search before the POST'
  | 'inconclusive counts as none'
  | 'adopt by fuzzy rank'
  | 'lease too short'
  | 'lease without the time until searchable'
  | 'deadline checked only once'
  | 'POST repeated by the client library'
  | 'contact lost by the word of one key'
  | 'former contacts are left alone'
  | 'lease released from a created contact whose life is over'
  | 'a reply without a sourceId is believed'
  | 'lease released although the reply was about another contact'
  | 'an extra contact is removed whoever holds it'
  | 'whoever holds a contact is forgotten when it is erased';

/** What is explored: which MaiAgent, and what is wrong with the bridge. */
export interface CreationTerms {
  readonly uniqueness: Uniqueness;
  readonly weakness?: CreationWeakness;
  readonly writes?: LinkWrites;
}
/** The same with the real writes where no others were given. */
export type Rules = CreationTerms & { readonly writes: LinkWrites };
export const rulesOf = (contactSettings: CreationTerms): Rules => ({ writes: linkWrites, ...contactSettings });

/** Where a caller is: what it does next. */
export type Place =
  | 'idle'
  | 'search'
  | 'post'
  | 'posted'
  | 'prove'
  | 'look'
  | 'again'
  | 'bind'
  | 'adopt'
  | 'bindCreated'
  | 'bindLate'
  | 'hold'
  | 'remove'
  | 'update'
  | 'confirm'
  | 'confirmOutdated'
  | 'endOfLife'
  | 'withdraw'
  | 'former'
  | 'removeFormerContact'
  | 'answer';

/** One invocation of `identify` or `sync`, with what it remembers of the row that it got with its lease. */
export interface Caller {
  readonly at: Place;
  readonly accountStatus: Row['accountStatus'];
  readonly generation: number;
  /** The contact that it has to do with, or the entry of a former life. */
  readonly contact: string | null;
  readonly isAcknowledged: boolean;
  /** A conclusive search under this lease found nothing. */
  readonly foundNone: boolean;
}

/** A contact at MaiAgent; its id is `c` and its place in the list, which is its age too. */
export interface Contact {
  /** The generation whose `sourceId` it has. */
  readonly of: number;
  readonly isSearchable: boolean;
  readonly isLive: boolean;
  /** People were told of it as an extra one. */
  readonly isReported: boolean;
  readonly heldFor: Holder;
}

/** A create at MaiAgent that has not taken effect yet and still may, whoever waits for it. */
export interface Create {
  readonly by: string;
  readonly of: number;
  /** MaiAgent has looked for a duplicate and found none. */
  readonly hasPassed: boolean;
}

export interface CreationState {
  readonly row: Row;
  /** How the second life comes, if it came: each story has at most two. */
  readonly story: 'first life' | 'deleted' | 'created again' | 'lost';
  /** What the intake read before it writes the next life. */
  readonly intake: Read | null;
  readonly callers: readonly Caller[];
  readonly contacts: readonly Contact[];
  readonly inFlight: readonly Create[];
  /** For the witness: per generation, what was ever handed out. */
  readonly handed: readonly (string | null)[];
}

export type CreationStep = Step<CreationState>;

/** The contact that another link holds: it looks like ours to a fuzzy search. */
export const FOREIGN = 'foreign';
/** A contact that somebody made in MaiAgent's console: no link holds it. */
export const STRANGER = 'stranger';
/** A weakened variant could create for ever. */
const CONTACTS_MAX = 3;

export const idle: Caller = {
  at: 'idle',
  accountStatus: 'active',
  generation: 1,
  contact: null,
  isAcknowledged: true,
  foundNone: false,
};

export const start: CreationState = {
  row: noRow,
  story: 'first life',
  intake: null,
  callers: [idle, idle],
  contacts: [],
  inFlight: [],
  handed: [null, null],
};

export const nameOf = (caller: number): string => (caller === 0 ? 'A' : 'B');
const DEAD = 'dead';

export const step = (kind: Kind, does: string, to: CreationState, breach?: Breach): CreationStep => ({
  kind,
  does,
  to,
  breach,
});

/** The state with a caller somewhere else. */
export function goes(state: CreationState, who: number, caller: Caller): CreationState {
  return { ...state, callers: state.callers.map((one, index) => (index === who ? caller : one)) };
}

/** The caller is gone, by its own will or not: nobody else will ever own its lease or wait for its requests. */
export function leaves(state: CreationState, who: number): CreationState {
  const name = nameOf(who);
  const { lease } = state.row;
  const row = lease?.owner === name ? { ...state.row, lease: { ...lease, owner: DEAD } } : state.row;
  const inFlight = state.inFlight.map((one) => (one.by === name ? { ...one, by: DEAD } : one));
  return goes({ ...state, row, inFlight: sorted(inFlight) }, who, idle);
}

/** The two callers do the same: what differs only by their names is one state. */
export function canonical(state: CreationState): CreationState {
  const [first = idle, second = idle] = state.callers;
  const [a, b] = [JSON.stringify(first), JSON.stringify(second)];
  const { lease } = state.row;
  if (a < b || (a === b && lease?.owner !== 'B')) return state;
  const row = lease ? { ...state.row, lease: { ...lease, owner: otherName(lease.owner) } } : state.row;
  const inFlight = sorted(state.inFlight.map((one) => ({ ...one, by: otherName(one.by) })));
  return { ...state, row, inFlight, callers: [second, first] };
}

const otherName = (name: string): string => (name === DEAD ? DEAD : nameOf(name === 'A' ? 1 : 0));

/** Whether a request under this caller's lease would still be sent: the lease outlives the time to send. */
export const maySend = ({ row: { lease } }: CreationState, who: number): boolean =>
  lease?.owner === nameOf(who) && !lease.isOver;

/** What a conclusive search for a generation's `sourceId` finds, the oldest first. */
export const searchable = ({ contacts }: CreationState, generation: number): string[] =>
  contacts.flatMap(({ of, isLive, isSearchable }, index) =>
    of === generation && isLive && isSearchable ? [`c${index}`] : [],
  );

export const liveUnder = ({ contacts }: CreationState, generation: number): boolean =>
  contacts.some(({ of, isLive }) => of === generation && isLive);

export const isLive = ({ contacts }: CreationState, id: string): boolean =>
  contacts.some((one, index) => `c${index}` === id && one.isLive);

/** Who holds a contact, ours or not. */
export function holderOf({ contacts }: CreationState, id: string): Holder {
  if (id === FOREIGN) return 'another';
  return id === STRANGER ? null : (contacts[Number(id.slice(1))]?.heldFor ?? null);
}

/** The contacts with some of them changed. */
export function changed(state: CreationState, ids: readonly string[], change: Partial<Contact>): CreationState {
  const contacts = state.contacts.map((one, index) => (ids.includes(`c${index}`) ? { ...one, ...change } : one));
  return { ...state, contacts };
}

/** The state with one more contact, and its id. */
export function inserted(state: CreationState, of: number): { state: CreationState; id: string } | undefined {
  if (state.contacts.length >= CONTACTS_MAX) return undefined;
  const contact = { of, isSearchable: false, isLive: true, isReported: false, heldFor: null };
  return { state: { ...state, contacts: [...state.contacts, contact] }, id: `c${state.contacts.length}` };
}

export const sorted = (inFlight: readonly Create[]): Create[] =>
  inFlight.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** The hash of what is wanted of an active contact, and of one that is to be erased. */
export const desiredOf = (accountStatus: Row['accountStatus']): string => (accountStatus === 'active' ? 'a' : 'x');
