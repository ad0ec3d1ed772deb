import {
  act,
  departs,
  idleWorker,
  isAllLast,
  ordered,
  stored,
  turns,
  workerName,
  type BroadcastRules,
  type BroadcastState,
  type BroadcastStep,
  type Worker,
} from './broadcast-state.ts';
import { nextShare, type Finding, type Batch } from './batch-writes.ts';

interface Turn {
  readonly state: BroadcastState;
  readonly who: number;
  readonly name: string;
  readonly me: Worker;
  readonly rules: BroadcastRules;
}

/** What a worker may do next, its own death included. */
export function workerSteps(state: BroadcastState, who: number, rules: BroadcastRules): BroadcastStep[] {
  const me = state.workers[who] ?? idleWorker;
  const turn = { state, who, name: workerName(who), me, rules };
  if (me.at === 'idle') return begins(turn);
  return [...acts[me.at](turn), act('fault', `${turn.name} is killed`, departs(state, who))];
}

const acts: Record<Exclude<Worker['at'], 'idle'>, (turn: Turn) => BroadcastStep[]> = {
  plan: plans,
  serve: serves,
  send: sends,
  // MaiAgent's steps answer it.
  waiting: loses,
  report: reports,
  refused: givesBack,
  settle: settles,
  count: counts,
};

const does = ({ state, who, name }: Turn, what: string, worker: Partial<Worker>): BroadcastStep =>
  act('progress', `${name} ${what}`, turns(state, who, worker));

/** A worker is woken: it plans, serves the batch, looks for what became of a claim, or ends the run. */
function begins(turn: Turn): BroadcastStep[] {
  const { state, name, rules } = turn;
  const { run, batch } = state;
  if (state.isEnded) return [];
  if (run === 'planning') return [does(turn, 'reads the run to plan it', { at: 'plan' })];
  const isForgotten = rules.weakness === 'who was not claimed is forgotten' && run === 'cancelled' && !batch?.claim;
  if (isAllLast(state) || isForgotten) return [act('progress', `${name} ends the run`, { ...state, isEnded: true })];
  if (!batch) return [];
  if (!batch.claim) return [does(turn, 'reads the batch', { at: 'serve', read: batch })];
  const isDead = batch.claim.isOver || rules.weakness === 'settled before the claim ends';
  if (rules.weakness === 'claimed again after unknown' && batch.claim.isOver) return [reclaims(turn, batch)];
  return isDead ? reads(turn, batch) : [];
}

/** The one page of the plan: the batch and the cursor in one transaction. */
function plans(turn: Turn): BroadcastStep[] {
  const { state, who, name, rules } = turn;
  if (state.run !== 'planning' && rules.weakness !== 'planned without the cursor')
    return [act('progress', `${name} finds the run moved on`, departs(state, who))];
  const batch: Batch = { of: ['planned', 'planned'], claim: null, share: 2 };
  const planned = stored({ ...state, run: 'sending' }, batch, rules);
  return [act('progress', `${name} commits the plan`, departs(planned, who))];
}

/** With a batch that nobody has claimed: claims it, skips whom it may not reach, or ends what was cancelled. */
function serves(turn: Turn): BroadcastStep[] {
  const { state, me, rules } = turn;
  const stale = rules.weakness === 'claim without the revision' ? me.read : null;
  const batch = me.isFresh ? state.batch : stale;
  if (!batch) return [leaves(turn, 'finds the batch moved on')];
  if (state.run === 'cancelled' && rules.weakness !== 'claim without looking at the run') {
    const after = rules.writes.ended(batch, { who: [0, 1], as: 'cancelled' });
    return commits(turn, after, 'ends who was not claimed');
  }
  const gone = nextShare(batch).filter((index) => !state.isActive[index]);
  if (gone.length === 0 || rules.weakness === 'claim without looking at the links') return [claims(turn, batch)];
  const after = rules.writes.ended(batch, { who: gone, as: 'skipped' });
  return commits(turn, after, `skips ${gone.map(recipient).join(' and ')}`);
}

const recipient = (index: number): string => `recipient ${index + 1}`;

/** One transaction with the checks of the run and of the links. */
function claims(turn: Turn, batch: Batch): BroadcastStep {
  const { state, who, name, rules } = turn;
  const share = nextShare(batch);
  const after = stored(state, rules.writes.claimed(batch, { by: name }), rules);
  const step = act(
    'progress',
    `${name} claims ${share.map(recipient).join(' and ')}`,
    turns(after, who, { at: 'send' }),
  );
  if (state.isCancelled) return { ...step, breach: { invariant: 11, because: 'a claim was made after the cancel' } };
  const isReached = share.some((index) => !state.isActive[index]);
  const breach = { invariant: 9, because: 'somebody who was disabled before is claimed' };
  return isReached ? { ...step, breach } : step;
}

/** Writes the batch and leaves. */
function commits(turn: Turn, after: Batch, what: string): BroadcastStep[] {
  const { state, who, name, rules } = turn;
  const isCountedLater = rules.weakness === 'counted after the batch';
  const next = stored(state, after, rules);
  const to = isCountedLater ? turns(next, who, { at: 'count' }) : departs(next, who);
  return [act('progress', `${name} ${what}`, to)];
}

function counts({ state, who, name }: Turn): BroadcastStep[] {
  return [act('progress', `${name} moves the counts`, departs({ ...state, counted: state.batch?.of ?? [] }, who))];
}

const leaves = ({ state, who, name }: Turn, what: string): BroadcastStep =>
  act('progress', `${name} ${what}`, departs(state, who));

/** Sends only within seconds of the claim, so that the claim outlives the request. */
function sends(turn: Turn): BroadcastStep[] {
  const { state, name, rules } = turn;
  const claim = state.batch?.claim;
  const isInTime = claim?.by === name && !claim.isOver;
  if (!isInTime && rules.weakness !== 'sent however late')
    return [does(turn, 'is too late to send', { at: 'refused' })];
  const to = (state.batch?.of ?? []).map((one) => (one === 'claimed' ? 'open' : 'none'));
  const once = { by: name, to } as const;
  const sent = rules.weakness === 'resent by the client library' ? [once, once] : [once];
  const step = does(turn, 'sends the message', { at: 'waiting' });
  return [{ ...step, to: { ...step.to, inFlight: ordered([...state.inFlight, ...sent]) } }];
}

/** The claim stays: what became of it is read when its request is dead. */
function loses(turn: Turn): BroadcastStep[] {
  const lost =
    turn.rules.weakness === 'a lost reply counts as refused'
      ? does(turn, 'loses the reply', { at: 'refused' })
      : leaves(turn, 'loses the reply');
  return [{ ...lost, kind: 'fault' }];
}

/** Writes what MaiAgent answered on whatever the batch has become. */
function reports(turn: Turn): BroadcastStep[] {
  const { state, name, me, rules } = turn;
  if (!state.batch) return [leaves(turn, 'finds no batch')];
  const after = rules.writes.reported(state.batch, { by: name, findings: me.findings });
  return commits(turn, after, 'writes the report');
}

/** Nothing was sent: where the request itself may be the reason, fewer are tried next time, and one alone has failed. */
function givesBack(turn: Turn): BroadcastStep[] {
  const { state, name, rules } = turn;
  const { batch } = state;
  if (!batch) return [leaves(turn, 'finds no batch')];
  const claimed = batch.of.flatMap((one, index) => (one === 'claimed' ? [index] : []));
  const back = commits(turn, rules.writes.givenBack(batch, { by: name, share: null }), 'gives the claim back');
  if (turn.me.findings.length === 0) return back;
  if (claimed.length > 1) {
    const halves = rules.writes.givenBack(batch, { by: name, share: 1 });
    return commits(turn, halves, 'gives the claim back, to be made in halves');
  }
  const findings = batch.of.map((one): Finding => (one === 'claimed' ? 'failed' : 'none'));
  return commits(turn, rules.writes.reported(batch, { by: name, findings }), 'writes the refusal');
}

/** Reads the conversations of the claimed recipients; each may be unclear. */
function reads(turn: Turn, batch: Batch): BroadcastStep[] {
  const clear = batch.of.map((one, index): Finding => (one === 'claimed' ? seen(turn, index) : 'none'));
  const blurred = clear.flatMap((one, index) => {
    const unclear = turn.rules.weakness === 'no clear reading counts as absent' ? 'absent' : 'none';
    return one === 'none' ? [] : [clear.map((finding, other) => (other === index ? unclear : finding))];
  });
  const unclear = blurred.map((findings) => ({
    ...does(turn, `reads unclearly (${findings.join(', ')})`, { at: 'settle', findings }),
    kind: 'fault' as const,
  }));
  return [does(turn, `reads the conversations (${clear.join(', ')})`, { at: 'settle', findings: clear }), ...unclear];
}

function seen({ state, rules: { weakness } }: Turn, index: number): Finding {
  if (weakness === 'messages from before the claim count') return 'sent';
  const isHidden = weakness === 'only the latest message is read' && state.hasAnswered[index] === true;
  return (state.messages[index] ?? 0) > 0 && !isHidden ? 'sent' : 'absent';
}

/** Writes what was read, if nobody has written since: what is unclear is read again, or given up. */
function settles(turn: Turn): BroadcastStep[] {
  const { state, me, rules } = turn;
  const { batch } = state;
  if (!me.isFresh || !batch?.claim) return [leaves(turn, 'finds the batch moved on')];
  const by = batch.claim.by;
  const settle = (again: boolean): Batch => rules.writes.settled(batch, { by, findings: me.findings, again });
  return [
    ...commits(turn, settle(true), 'writes what it read'),
    ...commits(turn, settle(false), 'writes what it read, for the last time'),
  ];
}

function reclaims(turn: Turn, batch: Batch): BroadcastStep {
  const by = batch.claim?.by ?? '';
  const [back] = commits(turn, turn.rules.writes.givenBack(batch, { by, share: null }), 'takes an old claim away');
  return back ?? leaves(turn, 'finds nothing');
}
