import type { Model } from './explore.ts';
import { isClean, isFree, isOutstanding, readOf, type Row } from './link-row.ts';
import {
  breachOfUpdate,
  canonicalUpdate,
  deed,
  EDITED,
  events,
  heard,
  idleWriter,
  inOrder,
  isUpdated,
  moves,
  quits,
  seemsClean,
  startOfUpdate,
  updateRulesOf,
  writerName,
  type UpdateRules,
  type UpdateState,
  type UpdateStep,
  type UpdateTerms,
  type Writer,
} from './update-state.ts';

/**
 * Model 2: updating. Two writers, each `identify` or `sync` again and again, bring one bound contact to what is wanted, while three
 * events change that in any order. Invariants 6, 7, 10 and 14.
 */
export function updateModel(contactSettings: UpdateTerms): Model<UpdateState> {
  const rules = updateRulesOf(contactSettings);
  return {
    start: startOfUpdate,
    steps: (state) => [
      ...state.writers.flatMap((_, who) => writerSteps(state, who, rules)),
      ...intake(state, rules),
      ...maiAgent(state),
      ...time(state, rules),
      ...edits(state, rules),
    ],
    canonical: canonicalUpdate,
    breachIn: (state) => breachOfUpdate(state, rules),
    isSettled: isUpdated,
  };
}

interface Turn {
  readonly state: UpdateState;
  readonly who: number;
  readonly name: string;
  readonly me: Writer;
  readonly rules: UpdateRules;
}

function writerSteps(state: UpdateState, who: number, rules: UpdateRules): UpdateStep[] {
  const me = state.writers[who] ?? idleWriter;
  const turn = { state, who, name: writerName(who), me, rules };
  if (me.at === 'idle') return [...serves(turn), ...hears(turn)];
  return [...acts[me.at](turn), deed('fault', `${turn.name} is killed`, quits(state, who))];
}

const acts: Record<Exclude<Writer['at'], 'idle'>, (turn: Turn) => UpdateStep[]> = {
  patch: sends,
  patched: loses,
  confirm: confirms,
  confirmOutdated: confirmsOutdated,
  rest: rests,
};

const goes = ({ state, who, name, me }: Turn, does: string, writer: Partial<Writer>): UpdateStep =>
  deed('progress', `${name} ${does}`, moves(state, who, { ...me, ...writer }));

/** The stream or the sweep finds the link due. */
function serves(turn: Turn): UpdateStep[] {
  const { state, name, rules } = turn;
  const { row } = state;
  if (!row.isDue || !(isFree(row) || rules.weakness === 'acquire while the lease lives')) return [];
  const { revision, confirmed } = row;
  if (!isOutstanding(row) || (seemsClean(row, rules) && row.formerContacts.length === 0))
    return [goes(turn, 'finds nothing owed', { at: 'rest', read: { revision, confirmed } })];
  const taken = rules.writes.acquire(
    row,
    { accountStatus: row.accountStatus, generation: 1, owner: name },
    rules.weakness,
  );
  return taken ? [begins(turn, 'progress', 'serves the link and takes the lease', taken)] : [];
}

function begins({ state, who, name, rules }: Turn, kind: UpdateStep['kind'], does: string, row: Row): UpdateStep {
  const at = seemsClean(row, rules) ? 'confirm' : 'patch';
  return deed(kind, `${name} ${does}`, moves({ ...state, row }, who, { ...idleWriter, at, value: row.desired }));
}

/** `identify` hears an event and takes the lease with it. */
function hears(turn: Turn): UpdateStep[] {
  const { state, name, rules } = turn;
  return state.taking.flatMap((one, event) => {
    const { says = '', accountStatus = 'active', desired = 'a' } = events[event] ?? {};
    const reports = heard(state.reports, event, rules);
    if (one !== 'sent' || reports === state.reports || accountStatus === 'deleted' || state.row.confirmed === desired)
      return [];
    const change = { read: readOf(state.row), draft: { accountStatus, generation: 1, desired }, owner: name } as const;
    const row = rules.writes.writeDesired(state.row, change, rules.weakness);
    const taking = state.taking.map((other, index) => (index === event ? 'kept' : other));
    const next = { ...turn, state: { ...state, reports, taking } };
    return row ? [begins(next, 'demand', `hears ${says} and takes the lease`, row)] : [];
  });
}

/** Gives up and leaves; the lease stays where a request was not answered. */
function ends({ state, who, name, me, rules }: Turn, kind: UpdateStep['kind'], does: string): UpdateStep {
  const ending = { owner: name, everyRequestAnswered: me.isAcknowledged };
  const row = rules.writes.giveUp(state.row, ending, rules.weakness) ?? state.row;
  return deed(kind, `${name} ${does} and gives up`, quits({ ...state, row }, who));
}

function sends(turn: Turn): UpdateStep[] {
  const { state, name, me, rules } = turn;
  const { lease } = state.row;
  const isInTime = lease?.owner === name && !lease.isOver;
  if (!isInTime && rules.weakness !== 'deadline checked only once')
    return [ends(turn, 'progress', 'has no time left to send')];
  const isLoose = me.isSecond && rules.weakness === 'the second try sends what is wanted by then';
  const value = isLoose ? state.row.desired : (me.value ?? '');
  const inFlight = inOrder([...state.inFlight, { by: name, value }]);
  const sent = goes({ ...turn, state: { ...state, inFlight } }, `sends ${value}`, { at: 'patched', value });
  return [sent, ends(turn, 'fault', 'is refused')];
}

/** The reply is lost: once more with the same payload, or never mind. */
function loses(turn: Turn): UpdateStep[] {
  const lost = { ...turn, me: { ...turn.me, isAcknowledged: false } };
  const isUnderWay = turn.state.inFlight.some(({ by }) => by === turn.name);
  const givesUp = ends(lost, isUnderWay ? 'fault' : 'progress', 'hears nothing');
  if (turn.me.isSecond) return [givesUp];
  return [
    { ...goes(lost, 'loses the reply and tries again', { at: 'patch', isSecond: true }), kind: 'fault' },
    givesUp,
  ];
}

const settlingOf = ({ name, me }: Turn) => ({
  generation: 1,
  contact: 'c0',
  owner: name,
  sent: me.value ?? '',
  everyRequestAnswered: me.isAcknowledged,
});

function confirms(turn: Turn): UpdateStep[] {
  const { state, who, name, rules } = turn;
  const row = rules.writes.confirm(state.row, settlingOf(turn), rules.weakness);
  if (!row) return [goes(turn, 'cannot confirm', { at: 'confirmOutdated' })];
  return [deed('progress', `${name} confirms`, quits({ ...state, row }, who))];
}

function confirmsOutdated(turn: Turn): UpdateStep[] {
  const { state, who, name, rules } = turn;
  const row = rules.writes.confirmOutdated(state.row, settlingOf(turn), rules.weakness);
  if (!row) return [ends(turn, 'progress', 'finds the lease lost')];
  return [deed('progress', `${name} confirms what it sent; something newer is wanted`, quits({ ...state, row }, who))];
}

function rests({ state, who, name, me, rules }: Turn): UpdateStep[] {
  const row = me.read && rules.writes.clearDue(state.row, me.read, rules.weakness);
  const does = row ? 'takes the link off the due list' : 'finds the row moved on';
  return [deed('progress', `${name} ${does}`, quits({ ...state, row: row ?? state.row }, who))];
}

/** A source is heard: a read and a conditional write, with the receipt. */
function intake(state: UpdateState, rules: UpdateRules): UpdateStep[] {
  return state.taking.flatMap((one, event) => {
    const { says = '' } = events[event] ?? {};
    const set = (taking: UpdateState['taking'][number], row = state.row, reports = state.reports): UpdateState => ({
      ...state,
      row,
      reports,
      taking: state.taking.map((other, index) => (index === event ? taking : other)),
    });
    if (one === 'kept') return [];
    if (one === 'sent') {
      const read = { ...readOf(state.row), isClean: seemsClean(state.row, rules) };
      return [deed('demand', `the intake hears ${says} and reads the row`, set({ read, reports: state.reports }))];
    }
    const reports = heard(one.reports, event, rules);
    if (reports === one.reports) return [deed('progress', `the intake keeps ${says}, which is no news`, set('kept'))];
    const { accountStatus = 'active', desired = 'a' } = events[reports] ?? {};
    const draft = { accountStatus, generation: 1, desired };
    const row = rules.writes.writeDesired(state.row, { read: one.read, draft, owner: null }, rules.weakness);
    if (!row) return [deed('progress', `the intake of ${says} finds the row moved on`, set('sent'))];
    return [deed('progress', `the intake keeps ${says}`, set('kept', row, reports))];
  });
}

/** MaiAgent works on what it was sent, whether or not somebody still waits. */
function maiAgent(state: UpdateState): UpdateStep[] {
  return state.inFlight.flatMap(({ by, value }, index) => {
    const without = { ...state, inFlight: state.inFlight.filter((_, other) => other !== index) };
    const done = { ...without, actual: value };
    const who = [0, 1].findIndex((one) => writerName(one) === by);
    const writer = state.writers[who] ?? idleWriter;
    const effect = deed('progress', `MaiAgent takes ${value} from ${by}, unheard`, done);
    const dies = deed('progress', `the request of ${by} with ${value} dies`, without);
    if (writer.at !== 'patched') return [effect, dies];
    const replied = moves(done, who, { ...writer, at: 'confirm' });
    return [effect, dies, deed('progress', `MaiAgent takes ${value} from ${by} and answers`, replied)];
  });
}

/** Once, somebody edits the contact at MaiAgent; the audit finds it. */
function edits(state: UpdateState, { writes, weakness }: UpdateRules): UpdateStep[] {
  const { row, actual, isEdited } = state;
  const edit = deed('fault', 'somebody edits the contact', { ...state, actual: EDITED, isEdited: true });
  if (!isEdited) return [edit];
  if (actual !== EDITED || row.confirmed === null || !isClean(row) || row.lease?.isOver === false) return [];
  const { revision, confirmed } = row;
  const found = writes.drifted(row, { revision, confirmed }, weakness);
  return found ? [deed('progress', 'the audit finds the edit', { ...state, row: found })] : [];
}

/** A lease ends when its holder sends nothing more and its requests have taken effect or died. */
function time(state: UpdateState, { weakness }: UpdateRules): UpdateStep[] {
  const { row, inFlight } = state;
  const { lease } = row;
  if (lease === null || lease.isOver) return [];
  if (weakness !== 'lease too short' && inFlight.some(({ by }) => by === lease.owner)) return [];
  return [
    deed('progress', `the lease of ${lease.owner} ends`, {
      ...state,
      row: { ...row, lease: { ...lease, isOver: true } },
    }),
  ];
}
