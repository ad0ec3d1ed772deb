import { adopts, bindsCreated, bindsFound, bindsLate, holdsExtra, removes } from './creation-binding.ts';
import {
  changed,
  FOREIGN,
  goes,
  idle,
  isLive,
  leaves,
  nameOf,
  searchable,
  sorted,
  step,
  STRANGER,
  desiredOf,
  type Caller,
  type CreationState,
  type CreationStep,
  type Rules,
} from './creation-state.ts';
import { ends, goesTo, isSent, tooLate, type Turn } from './creation-turn.ts';
import { handsOut, posts } from './creation-witness.ts';
import { isClean, isFree, isOutstanding, readOf, type Row } from './link-row.ts';
/** What a caller may do next, its own death and MaiAgent's refusals included. */
export function callerSteps(state: CreationState, who: number, rules: Rules): CreationStep[] {
  const me = state.callers[who] ?? idle;
  const turn = { state, who, name: nameOf(who), me, rules };
  if (me.at === 'idle') return [...identify(turn), ...sync(turn)];
  return [...acts[me.at](turn), step('fault', `${turn.name} is killed`, leaves(state, who))];
}

const acts: Record<Exclude<Caller['at'], 'idle'>, (turn: Turn) => CreationStep[]> = {
  search: searches,
  post: sendsPost,
  // MaiAgent's steps answer it.
  posted: (turn) => [goesTo(turn, 'fault', 'loses the reply', { at: 'look', isAcknowledged: false })],
  prove: proves,
  look: looks,
  again: searchesAgain,
  bind: bindsFound,
  adopt: adopts,
  bindCreated: bindsCreated,
  bindLate: bindsLate,
  hold: holdsExtra,
  remove: removes,
  update: updates,
  confirm: confirms,
  confirmOutdated: confirmsOutdated,
  endOfLife: (turn) => [ends(turn, 'progress', 'finds the life over')],
  withdraw: withdraws,
  former: erasesFormer,
  removeFormerContact: strikesOff,
  answer: answers,
};

/** `identify` begins: it reads, and answers, adopts or takes the lease. */
function identify(turn: Turn): CreationStep[] {
  const { state, name, rules } = turn;
  const { row } = state;
  if (row.revision === 0) {
    const draft = { accountStatus: 'active', generation: 1, desired: 'a' } as const;
    const desired = rules.writes.writeDesired(row, { read: readOf(row), draft, owner: name }, rules.weakness);
    return desired ? [begins(turn, 'demand', 'identifies somebody new and takes the lease', desired, false)] : [];
  }
  if (row.accountStatus !== 'active') return [];
  if (row.contact !== null) return [answersAtOnce(turn, row.contact)];
  const taken = acquire(turn, row);
  if (taken) return [begins(turn, 'demand', 'identifies and takes the lease', taken, false)];
  const [found] = searchable(state, row.generation);
  if (found === undefined) return [];
  const adopt: Partial<Caller> = { at: 'adopt', generation: row.generation, contact: found };
  return [goesTo(turn, 'demand', `finds ${found} without a lease`, adopt)];
}

const acquire = ({ name, rules }: Turn, row: Row): Row | undefined =>
  rules.writes.acquire(
    row,
    { accountStatus: row.accountStatus, generation: row.generation, owner: name },
    rules.weakness,
  );

function answersAtOnce({ state, name }: Turn, contact: string): CreationStep {
  const handed = handsOut(state, state.row.generation, contact);
  return step('demand', `${name} answers ${contact}`, handed.state, handed.breach);
}

/** `sync` begins, by the stream or the sweep, where something is due. */
function sync(turn: Turn): CreationStep[] {
  const { state, name, rules } = turn;
  const { row } = state;
  if (!row.isDue || !(isFree(row) || rules.weakness === 'acquire while the lease lives')) return [];
  if (!isOutstanding(row)) {
    const rested = rules.writes.clearDue(row, { revision: row.revision, confirmed: row.confirmed }, rules.weakness);
    return rested ? [step('progress', `${name} takes the link off the due list`, { ...state, row: rested })] : [];
  }
  const taken = acquire(turn, row);
  return taken ? [begins(turn, 'progress', 'serves the link and takes the lease', taken, true)] : [];
}

/** Goes on with a row under its lease: first what former lives left, then the present one. */
function begins(turn: Turn, kind: CreationStep['kind'], does: string, row: Row, isSync: boolean): CreationStep {
  const { state, who, name, rules } = turn;
  const { accountStatus, generation, contact } = row;
  const caller = { ...idle, accountStatus, generation, ...next(row, isSync, rules) };
  return step(kind, `${name} ${does}`, goes({ ...state, row }, who, { ...caller, contact: caller.contact ?? contact }));
}

function next(row: Row, isSync: boolean, { weakness }: Rules): { at: Caller['at']; contact?: string } {
  const [entry] = row.formerContacts;
  if (isSync && entry !== undefined) return { at: 'former', contact: entry };
  if (row.accountStatus === 'deleted') return { at: isClean(row) ? 'confirm' : 'withdraw' };
  if (row.contact !== null) return { at: isClean(row) ? 'confirm' : 'update' };
  return { at: weakness === 'no search before the POST' ? 'post' : 'search' };
}

/** What a search finds in the worst case that the variant allows. */
function found({ state, me, rules }: Turn): string | undefined {
  const [exact] = searchable(state, me.generation);
  return exact ?? (rules.weakness === 'adopt by fuzzy rank' ? STRANGER : undefined);
}

function searches(turn: Turn): CreationStep[] {
  if (!isSent(turn)) return tooLate(turn);
  const contact = found(turn);
  const seen =
    contact === undefined
      ? goesTo(turn, 'progress', 'searches and finds none', { at: 'post', foundNone: true })
      : goesTo(turn, 'progress', `searches and finds ${contact}`, { at: 'bind', contact });
  const inconclusive =
    turn.rules.weakness === 'inconclusive counts as none'
      ? goesTo(turn, 'fault', 'searches inconclusively', { at: 'post' })
      : ends(turn, 'fault', 'searches inconclusively');
  return [seen, inconclusive];
}

function sendsPost(turn: Turn): CreationStep[] {
  const { state, name, me, rules } = turn;
  if (!isSent(turn)) return tooLate(turn);
  const once = { by: name, of: me.generation, hasPassed: false };
  const sent = rules.weakness === 'POST repeated by the client library' ? [once, once] : [once];
  const breach = posts(state, name, me.foundNone);
  const posted = goesTo(turn, 'progress', 'sends the POST', { at: 'posted', foundNone: false });
  const inFlight = sorted([...state.inFlight, ...sent]);
  return [{ ...posted, to: { ...posted.to, inFlight }, breach }, ends(turn, 'fault', 'is refused the POST')];
}

/** A reply that does not show whose contact it is proves nothing: only a read of that contact does. */
function proves(turn: Turn): CreationStep[] {
  const { state, me } = turn;
  const contact = me.contact ?? FOREIGN;
  const looks: Partial<Caller> = { at: 'look', isAcknowledged: false };
  if (!isSent(turn)) return [goesTo(turn, 'progress', 'has no time left to read', looks)];
  const isOurs = isLive(state, contact) && state.contacts[Number(contact.slice(1))]?.of === me.generation;
  return [
    isOurs
      ? goesTo(turn, 'progress', `reads that ${contact} is ours`, { at: 'bindCreated' })
      : goesTo(turn, 'progress', `reads that ${contact} is not ours`, looks),
    goesTo(turn, 'fault', `cannot read ${contact}`, looks),
  ];
}

/** After a lost reply whatever turns up is ours. */
function looks(turn: Turn): CreationStep[] {
  const contact = isSent(turn) ? searchable(turn.state, turn.me.generation)[0] : undefined;
  const gone = ends(turn, 'progress', 'has looked long enough');
  return contact === undefined
    ? [gone]
    : [goesTo(turn, 'progress', `looks and finds ${contact}`, { at: 'bind', contact }), gone];
}

/** After a duplicate the search decides, and not the text. */
function searchesAgain(turn: Turn): CreationStep[] {
  const contact = isSent(turn) ? searchable(turn.state, turn.me.generation)[0] : undefined;
  const gone = ends(turn, contact === undefined ? 'progress' : 'fault', 'finds no duplicate');
  return contact === undefined
    ? [gone]
    : [goesTo(turn, 'progress', `searches and finds ${contact}`, { at: 'bind', contact }), gone];
}

/** Sends every field; model 2 looks closer. A contact that is gone is looked for by a second read and with the canary. */
function updates(turn: Turn): CreationStep[] {
  const { state, who, name, me, rules } = turn;
  if (!isSent(turn)) return tooLate(turn);
  const contact = me.contact ?? FOREIGN;
  const lost = rules.writes.replaceMissingContact(state.row, { owner: name, contact, generation: me.generation });
  const isLostAt = (kind: CreationStep['kind'], does: string): CreationStep =>
    step(kind, `${name} ${does}`, leaves({ ...state, row: lost ?? state.row }, who));
  if (contact.startsWith('c') && !isLive(state, contact))
    return [isLostAt('progress', `finds ${contact} gone for certain`)];
  const misled =
    rules.weakness === 'contact lost by the word of one key'
      ? isLostAt('fault', `believes a wrong key that ${contact} is gone`)
      : ends(turn, 'fault', 'finds its key wrong');
  return [
    goesTo(turn, 'progress', `updates ${contact}`, { at: 'confirm' }),
    ends(turn, 'fault', 'loses the reply to the update', false),
    misled,
  ];
}

function settlingOf({ name, me }: Turn) {
  const { generation, accountStatus, isAcknowledged, contact } = me;
  return { generation, contact, owner: name, sent: desiredOf(accountStatus), everyRequestAnswered: isAcknowledged };
}

function confirms(turn: Turn): CreationStep[] {
  const { state, who, name, rules } = turn;
  const row = rules.writes.confirm(state.row, settlingOf(turn), rules.weakness);
  if (!row) return [goesTo(turn, 'progress', 'cannot confirm', { at: 'confirmOutdated' })];
  return [step('progress', `${name} confirms`, leaves({ ...state, row }, who))];
}

function confirmsOutdated(turn: Turn): CreationStep[] {
  const { state, who, name, rules } = turn;
  const row = rules.writes.confirmOutdated(state.row, settlingOf(turn), rules.weakness);
  if (!row) return [goesTo(turn, 'progress', 'finds its life over', { at: 'endOfLife' })];
  return [step('progress', `${name} confirms what it sent; more is owed`, leaves({ ...state, row }, who))];
}

/** Erases the contact of a deleted user, or whatever is there under the user's `sourceId`. */
function withdraws(turn: Turn): CreationStep[] {
  const { state, me } = turn;
  if (!isSent(turn)) return tooLate(turn);
  const ids = me.contact === null ? searchable(state, me.generation) : [me.contact];
  return erasing(held(turn, me.contact === null ? ids : []), ids, { at: 'confirm' });
}

function erasesFormer(turn: Turn): CreationStep[] {
  const { state, me, rules } = turn;
  const entry = me.contact ?? '';
  if (!isSent(turn)) return tooLate(turn);
  const isUnbound = entry.startsWith('?');
  const ids = isUnbound ? searchable(state, Number(entry.slice(1))) : [entry];
  return erasing(held(turn, isUnbound ? ids : []), rules.weakness === 'former contacts are left alone' ? [] : ids, {
    at: 'removeFormerContact',
  });
}

/** Contacts that were never bound are held before they are erased. */
const held = (turn: Turn, ids: readonly string[]): Turn => ({
  ...turn,
  state: changed(turn.state, ids, { heldFor: 0 }),
});

function erasing(turn: Turn, ids: readonly string[], to: Partial<Caller>): CreationStep[] {
  const isForgotten = turn.rules.weakness === 'whoever holds a contact is forgotten when it is erased';
  const change = { isLive: false, ...(isForgotten && { heldFor: null }) };
  const erased = { ...turn, state: changed(turn.state, ids, change) };
  const done = goesTo(erased, 'progress', `erases ${ids.join(', ') || 'nothing, since none is there'}`, to);
  if (ids.length === 0) return [done, ends(turn, 'fault', 'searches inconclusively')];
  return [
    done,
    ends(turn, 'fault', 'is refused to erase'),
    ends(turn, 'fault', 'loses its erasing', false),
    ends(erased, 'fault', 'loses the reply to its erasing', false),
  ];
}

function strikesOff(turn: Turn): CreationStep[] {
  const { state, name, me, rules } = turn;
  const entry = me.contact ?? '';
  const row = rules.writes.removeFormerContact(state.row, { owner: name, before: [entry], entry });
  if (!row) return [step('progress', `${name} finds the row moved on`, leaves(state, turn.who))];
  return [begins(turn, 'progress', `strikes ${entry} off`, row, true)];
}

function answers(turn: Turn): CreationStep[] {
  const { state, who, name, me } = turn;
  const { state: handed, breach } = handsOut(state, me.generation, me.contact ?? FOREIGN);
  return [step('progress', `${name} answers ${me.contact}`, leaves(handed, who), breach)];
}
