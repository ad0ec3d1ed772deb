import { callerSteps } from './creation-caller.ts';
import {
  canonical,
  changed,
  FOREIGN,
  goes,
  idle,
  inserted,
  isLive,
  liveUnder,
  nameOf,
  rulesOf,
  sorted,
  start,
  step,
  STRANGER,
  type Caller,
  type Create,
  type CreationState,
  type CreationStep,
  type CreationTerms,
  type Rules,
} from './creation-state.ts';
import { breachAtRest, isSettled } from './creation-witness.ts';
import type { Model } from './explore.ts';
import { isClean, isFree, readOf } from './link-row.ts';

/**
 * Model 1: creating, adopting and binding. Two callers, each `identify` or `sync` again and again, for one user who is deleted and
 * created again, or whose contact MaiAgent loses, once. Invariants 1 to 5 and 14.
 */
export function creationModel(contactSettings: CreationTerms): Model<CreationState> {
  const rules = rulesOf(contactSettings);
  return {
    start,
    steps: (state) => [
      ...state.callers.flatMap((_, who) => callerSteps(state, who, rules)),
      ...maiAgent(state, rules),
      ...time(state, rules),
      ...intake(state, rules),
      ...losing(state, rules),
    ],
    canonical,
    breachIn: breachAtRest,
    isSettled,
  };
}

/** MaiAgent works on what it was sent, whether or not somebody still waits. */
function maiAgent(state: CreationState, rules: Rules): CreationStep[] {
  return state.inFlight.flatMap((create, index) => {
    const others = state.inFlight.filter((_, other) => other !== index);
    const without = { ...state, inFlight: others };
    const dies = step(
      'progress',
      `the POST of ${create.by} dies`,
      answered(without, create, { at: 'look', isAcknowledged: false }),
    );
    return [dies, ...works(without, create, rules)];
  });
}

function works(state: CreationState, create: Create, rules: Rules): CreationStep[] {
  const { uniqueness } = rules;
  const isThere = liveUnder(state, create.of);
  if (uniqueness !== 'none' && !create.hasPassed && isThere) {
    const duplicate = answered(state, create, { at: 'again' });
    return [step('progress', `MaiAgent refuses the POST of ${create.by} as a duplicate`, duplicate)];
  }
  if (uniqueness === 'racy' && !create.hasPassed) {
    const inFlight = sorted([...state.inFlight, { ...create, hasPassed: true }]);
    return [step('progress', `MaiAgent finds no duplicate of the POST of ${create.by}`, { ...state, inFlight })];
  }
  const created = inserted(state, create.of);
  if (!created) return [];
  const does = `MaiAgent creates ${created.id} by the POST of ${create.by}`;
  const event = step('progress', does, answered(created.state, create, { at: 'bindCreated', contact: created.id }));
  const lost = step(
    'fault',
    `${does}; the reply is lost`,
    answered(created.state, create, { at: 'look', isAcknowledged: false }),
  );
  return [event, lost, ...falsely(state, created, create, rules)];
}

/**
 * A success whose body is about somebody else's contact, or does not show whose it is; with a create or without one. Under our own
 * `sourceId` it can only be a contact that a link holds: a contact that nobody holds and that MaiAgent calls ours is ours.
 */
function falsely(
  state: CreationState,
  created: { readonly state: CreationState; readonly id: string },
  create: Create,
  { weakness }: Rules,
): CreationStep[] {
  const isBelieved = weakness === 'a reply without a sourceId is believed';
  const unproven = isBelieved ? 'bindCreated' : 'prove';
  const replies = (to: CreationState, contact: string, at: 'bindCreated' | 'prove', what: string): CreationStep => {
    const does = `MaiAgent ${what} by the POST of ${create.by} and answers ${contact}`;
    const shown = at === 'prove' || contact === STRANGER ? ' without a sourceId' : ' as ours';
    return step('fault', does + shown, answered(to, create, { at, contact }));
  };
  if (![0, 1].some((one) => nameOf(one) === create.by)) return [];
  const former = state.contacts.flatMap(({ of, heldFor }, index) =>
    of < create.of && heldFor !== null ? [`c${index}`] : [],
  );
  return [
    ...[FOREIGN, ...former].map((contact) => replies(state, contact, 'bindCreated', 'creates nothing')),
    replies(created.state, FOREIGN, 'bindCreated', `creates ${created.id}`),
    replies(state, STRANGER, unproven, 'creates nothing'),
    replies(created.state, created.id, unproven, `creates ${created.id}`),
  ];
}

/** Whoever waits for the reply goes on with it. */
function answered(state: CreationState, { by }: Create, reply: Partial<Caller>): CreationState {
  const who = [0, 1].findIndex((one) => nameOf(one) === by);
  const caller = state.callers[who] ?? idle;
  return caller.at === 'posted' ? goes(state, who, { ...caller, ...reply }) : state;
}

/**
 * Contacts become searchable, and leases end. How long a lease is makes sure that by its end its holder sends nothing more, its
 * requests have taken effect or died, and what they created can be found.
 */
function time(state: CreationState, { weakness }: Rules): CreationStep[] {
  const { row, contacts, inFlight } = state;
  const appear = contacts.flatMap(({ isSearchable }, index) =>
    isSearchable
      ? []
      : [step('progress', `c${index} becomes searchable`, changed(state, [`c${index}`], { isSearchable: true }))],
  );
  const { lease } = row;
  if (lease === null || lease.isOver) return appear;
  const isUnderWay = weakness !== 'lease too short' && inFlight.some(({ by }) => by === lease.owner);
  const isUnseen =
    weakness !== 'lease without the time until searchable' && contacts.some((one) => one.isLive && !one.isSearchable);
  if (isUnderWay || isUnseen) return appear;
  const over = { ...row, lease: { ...lease, isOver: true } };
  return [...appear, step('progress', `the lease of ${lease.owner} ends`, { ...state, row: over })];
}

/** A source creates the user, deletes the user, and begins the second life. Each is a read and a conditional write. */
function intake(state: CreationState, { writes, weakness }: Rules): CreationStep[] {
  const { row, story } = state;
  const again = { accountStatus: 'active', generation: 2, desired: 'a' } as const;
  if (state.intake) {
    const begun = writes.writeDesired(row, { read: state.intake, draft: again, owner: null }, weakness);
    const idle = { ...state, intake: null };
    if (!begun) return [step('progress', 'the intake finds the row moved on', idle)];
    return [step('progress', 'the intake begins the second life', { ...idle, row: begun, story: 'created again' })];
  }
  const writeDesired = (draft: Parameters<typeof writes.writeDesired>[1]['draft']) =>
    writes.writeDesired(row, { read: readOf(row), draft, owner: null }, weakness) ?? row;
  if (row.revision === 0) {
    const event = writeDesired({ accountStatus: 'active', generation: 1, desired: 'a' });
    return [step('demand', 'a source tells of the user', { ...state, row: event })];
  }
  if (row.generation > 1) return [];
  const reads = step('demand', 'the intake hears of a second life and reads the row', {
    ...state,
    intake: readOf(row),
  });
  if (story === 'deleted') return [reads];
  const deleted: CreationState = {
    ...state,
    row: writeDesired({ accountStatus: 'deleted', generation: 1, desired: 'x' }),
    story: 'deleted',
  };
  return [reads, step('demand', 'a source deletes the user', deleted)];
}

/** MaiAgent loses the contact of somebody, or an audit finds that it did. */
function losing(state: CreationState, { writes, weakness }: Rules): CreationStep[] {
  const { row, story } = state;
  const { contact, confirmed } = row;
  if (contact === null || row.accountStatus !== 'active') return [];
  if (isLive(state, contact)) {
    if (story !== 'first life' || state.intake || !isFree(row)) return [];
    const lost: CreationState = { ...changed(state, [contact], { isLive: false }), story: 'lost' };
    return [step('fault', `MaiAgent loses ${contact}`, lost)];
  }
  if (!isClean(row) || confirmed === null) return [];
  const found = writes.drifted(row, { revision: row.revision, confirmed }, weakness);
  return found ? [step('progress', `the audit misses ${contact}`, { ...state, row: found })] : [];
}
