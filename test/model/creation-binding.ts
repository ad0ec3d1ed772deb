import {
  changed,
  desiredOf,
  FOREIGN,
  holderOf,
  leaves,
  step,
  type CreationState,
  type CreationStep,
} from './creation-state.ts';
import { ends, goesTo, isSent, type Turn } from './creation-turn.ts';
import { breachOfBinding, breachOfRemoval } from './creation-witness.ts';
import type { Row } from './link-row.ts';
import type { Holder } from './link-writes.ts';

/** The binding that a caller writes, with what the contact's own row says at that moment. */
function bindingOf({ state, me }: Turn) {
  const contact = me.contact ?? FOREIGN;
  return { generation: me.generation, contact, heldFor: holderOf(state, contact) };
}

/** The state once a contact is bound: its link holds it from then on. */
const withBound = (state: CreationState, row: Row): CreationState =>
  changed({ ...state, row }, [row.contact ?? ''], { heldFor: row.generation });

/**
 * Writes a binding; answers what the row then says. Where both rows refuse it, nobody promises that both are told of: then what the
 * link's own row says counts.
 */
function binding(turn: Turn): { bound: CreationState; breach?: CreationStep['breach'] } | 'ended' | 'held' | 'taken' {
  const { state, me, rules } = turn;
  const { contact, ...rest } = bindingOf(turn);
  const row = rules.writes.bind(state.row, { contact, ...rest }, rules.weakness);
  if (row) {
    return { bound: withBound(state, row), breach: breachOfBinding(state, row) };
  }
  if (state.row.generation === me.generation && state.row.contact === contact) return { bound: state };
  if (rules.writes.bind(state.row, { contact, ...rest, heldFor: null }, rules.weakness)) return 'held';
  return state.row.generation !== me.generation || state.row.contact === null ? 'ended' : 'taken';
}

export function bindsFound(turn: Turn): CreationStep[] {
  const done = binding(turn);
  if (typeof done === 'string') return [ends(turn, 'progress', 'finds the row moved on')];
  const { bound: state, breach } = done;
  return [{ ...goesTo({ ...turn, state }, 'progress', `binds ${turn.me.contact}`, { at: 'update' }), breach }];
}

export function adopts(turn: Turn): CreationStep[] {
  const { state, who, name, me } = turn;
  const done = binding(turn);
  if (typeof done === 'string') return [step('progress', `${name} finds the row moved on`, leaves(state, who))];
  return [step('progress', `${name} binds ${me.contact} without a lease`, leaves(done.bound, who), done.breach)];
}

export function bindsCreated(turn: Turn): CreationStep[] {
  const { state, name, me, rules } = turn;
  const { contact, ...rest } = bindingOf(turn);
  const settling = { owner: name, sent: desiredOf(me.accountStatus), everyRequestAnswered: true };
  const write = (heldFor: Holder) =>
    rules.writes.bindCreated(state.row, { contact, ...rest, ...settling, heldFor }, rules.weakness);
  const row = write(rest.heldFor);
  if (row) {
    const bound = { ...turn, state: withBound(state, row) };
    const answer = goesTo(bound, 'progress', `binds ${contact} and settles`, { at: 'answer' });
    return [{ ...answer, breach: breachOfBinding(state, row) }];
  }
  if (!write(null)) return [goesTo(turn, 'progress', `cannot bind ${contact} and settle`, { at: 'bindLate' })];
  const isAcknowledged = rules.weakness === 'lease released although the reply was about another contact';
  return [goesTo(turn, 'progress', `finds that another link holds ${contact}`, { at: 'look', isAcknowledged })];
}

export function bindsLate(turn: Turn): CreationStep[] {
  const { me, rules } = turn;
  const done = binding(turn);
  if (done === 'ended') {
    const isReleased = rules.weakness === 'lease released from a created contact whose life is over';
    return [ends(turn, 'progress', 'finds the life over', isReleased)];
  }
  if (done === 'held') return [ends(turn, 'progress', 'finds that another link holds it', false)];
  if (done === 'taken') {
    const at = rules.weakness === 'an extra contact is removed whoever holds it' ? 'remove' : 'hold';
    return [goesTo(turn, 'progress', 'finds another contact bound', { at })];
  }
  const { bound: state, breach } = done;
  return [{ ...goesTo({ ...turn, state }, 'progress', `binds ${me.contact} late`, { at: 'confirm' }), breach }];
}

/** Holds its own contact that nobody was given, so that nobody ever will be. */
export function holdsExtra(turn: Turn): CreationStep[] {
  const contact = turn.me.contact ?? FOREIGN;
  if (holderOf(turn.state, contact) === 'another')
    return [ends(turn, 'progress', 'finds that another link holds it', false)];
  const state = changed(turn.state, [contact], { heldFor: 0 });
  return [goesTo({ ...turn, state }, 'progress', `holds ${contact} to remove it`, { at: 'remove' })];
}

/** Takes it away, and reports it. */
export function removes(turn: Turn): CreationStep[] {
  const ids = [turn.me.contact ?? FOREIGN];
  const breach = breachOfRemoval(turn.state, ids[0] ?? '');
  const failed = { ...turn, state: changed(turn.state, ids, { isReported: true }) };
  if (!isSent(turn)) return [ends(failed, 'progress', 'has no time left to send', false)];
  const gone = { ...turn, state: changed(turn.state, ids, { isReported: true, isLive: false }) };
  return [
    { ...ends(gone, 'progress', `removes ${ids[0]}`), breach },
    ends(failed, 'fault', `fails to remove ${ids[0]}`, false),
  ];
}
