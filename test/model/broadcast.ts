import {
  act,
  breachOfBroadcast,
  broadcastRulesOf,
  canonicalBroadcast,
  idleWorker,
  isOver,
  ordered,
  startOfBroadcast,
  turns,
  workerName,
  type BroadcastRules,
  type BroadcastState,
  type BroadcastStep,
  type BroadcastTerms,
  type Send,
  type Worker,
} from './broadcast-state.ts';
import { workerSteps } from './broadcast-worker.ts';
import type { Model } from './explore.ts';
import type { Finding } from './batch-writes.ts';

/**
 * Model 3: one run of a broadcast with one batch of two recipients, served by two workers, cancelled at any moment, each recipient
 * disabled at any moment. Invariants 9, 11 and 14.
 */
export function broadcastModel(contactSettings: BroadcastTerms): Model<BroadcastState> {
  const rules = broadcastRulesOf(contactSettings);
  return {
    start: startOfBroadcast,
    steps: (state) => [
      ...state.workers.flatMap((_, who) => workerSteps(state, who, rules)),
      ...maiAgent(state),
      ...time(state, rules),
      ...people(state, rules),
    ],
    canonical: canonicalBroadcast,
    breachIn: breachOfBroadcast,
    isSettled: isOver,
  };
}

/** MaiAgent sends to one recipient after the other, whether or not somebody still waits, and may stop in between. */
function maiAgent(state: BroadcastState): BroadcastStep[] {
  return state.inFlight.flatMap((send, index) => {
    const without = { ...state, inFlight: state.inFlight.filter((_, other) => other !== index) };
    const who = [0, 1].findIndex((one) => workerName(one) === send.by);
    const dies = act(
      'progress',
      `the request of ${send.by} dies`,
      waits(without, who) ? turns(without, who, {}) : without,
    );
    const isUntouched = send.to.every((one) => one === 'open' || one === 'none');
    return [
      { ...dies, to: orphaned(dies.to, send, who) },
      ...send.to.flatMap((one, to) => (one === 'open' ? reaches(without, send, to) : [])),
      ...(waits(state, who) && isUntouched ? refuses(without, send, who) : []),
      ...(send.to.includes('open') ? [] : replies(without, send, who)),
    ];
  });
}

const waits = ({ workers }: BroadcastState, who: number): boolean => (workers[who] ?? idleWorker).at === 'waiting';

/** A worker whose request has died leaves with it; its claim stays. */
function orphaned(state: BroadcastState, { by }: Send, who: number): BroadcastState {
  const claim = state.batch?.claim;
  if (who < 0 || claim?.by !== by || !state.batch || state.workers[who]?.at !== 'idle') return state;
  return { ...state, batch: { ...state.batch, claim: { ...claim, by: 'dead' } } };
}

function reaches(state: BroadcastState, send: Send, index: number): BroadcastStep[] {
  const result = (finding: Finding): Send => ({
    ...send,
    to: send.to.map((one, other) => (other === index ? finding : one)),
  });
  const messages = state.messages.map((count, other) => (other === index ? count + 1 : count));
  const sent = { ...state, messages, inFlight: ordered([...state.inFlight, result('sent')]) };
  const failed = { ...state, inFlight: ordered([...state.inFlight, result('failed')]) };
  return [
    act('progress', `MaiAgent sends to recipient ${index + 1} for ${send.by}`, sent),
    act('progress', `MaiAgent finds no conversation of recipient ${index + 1} for ${send.by}`, failed),
  ];
}

/** The whole request is refused, for what it says or for the time being. */
function refuses(state: BroadcastState, { by }: Send, who: number): BroadcastStep[] {
  return [
    act('fault', `MaiAgent refuses the request of ${by}`, turns(state, who, { at: 'refused', findings: ['failed'] })),
    act('fault', `MaiAgent is too busy for the request of ${by}`, turns(state, who, { at: 'refused' })),
  ];
}

/** The reply names who was reached and who was not, or forgets somebody. */
function replies(state: BroadcastState, { by, to }: Send, who: number): BroadcastStep[] {
  if (!waits(state, who)) return [act('progress', `nobody hears the reply to the request of ${by}`, state)];
  const whole = to.map((one): Finding => (one === 'open' ? 'none' : one));
  const report = (findings: readonly Finding[]): BroadcastState =>
    turns(state, who, { at: 'report', findings } satisfies Partial<Worker>);
  const forgetful = whole.flatMap((one, index) =>
    one === 'none' ? [] : [whole.map((finding, other) => (other === index ? 'none' : finding))],
  );
  return [
    act('progress', `${by} gets the reply (${whole.join(', ')})`, report(whole)),
    ...forgetful.map((findings) =>
      act('fault', `${by} gets an incomplete reply (${findings.join(', ')})`, report(findings)),
    ),
  ];
}

/** A claim ends when its request is dead: it is longer than the time to send and the longest life of a request. */
function time(state: BroadcastState, { weakness }: BroadcastRules): BroadcastStep[] {
  const { batch, inFlight } = state;
  if (!batch?.claim || batch.claim.isOver) return [];
  const { by } = batch.claim;
  if (weakness !== 'claim shorter than a request' && inFlight.some((one) => one.by === by)) return [];
  const over = { ...batch, claim: { by, isOver: true } };
  return [act('progress', `the claim of ${by} ends`, { ...state, batch: over })];
}

/** The back office cancels, a source disables a recipient, a recipient answers. */
function people(state: BroadcastState, { weakness }: BroadcastRules): BroadcastStep[] {
  const { run, isCancelled, isEnded, isActive, messages, hasAnswered } = state;
  const isHasty = weakness === 'cancel answered before the run is cancelled';
  const cancelled: BroadcastState = { ...state, run: isHasty && !isCancelled ? run : 'cancelled', isCancelled: true };
  const cancel =
    isEnded || run === 'cancelled'
      ? []
      : [act('demand', isCancelled ? 'the cancel reaches the run' : 'the back office cancels', cancelled)];
  const set = (values: readonly boolean[], index: number, value: boolean): boolean[] =>
    values.map((one, other) => (other === index ? value : one));
  return [
    ...cancel,
    ...isActive.flatMap((one, index) =>
      one
        ? [
            act('demand', `a source disables recipient ${index + 1}`, {
              ...state,
              isActive: set(isActive, index, false),
            }),
          ]
        : [],
    ),
    ...messages.flatMap((count, index) =>
      count > 0 && !hasAnswered[index]
        ? [act('demand', `recipient ${index + 1} answers`, { ...state, hasAnswered: set(hasAnswered, index, true) })]
        : [],
    ),
  ];
}
