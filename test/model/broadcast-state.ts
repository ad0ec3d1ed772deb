import type { Breach, Kind, Step } from './explore.ts';
import { batchWrites, type Finding, type Batch, type BatchWrites, type RecipientState } from './batch-writes.ts';

/** Ways to get broadcasts wrong. */
export type BroadcastWeakness =
  | 'claim without the revision'
  | 'claim without looking at the run'
  | 'claim without looking at the links'
  | 'claimed again after unknown'
  | 'resent by the client library'
  | 'sent however late'
  | 'settled before the claim ends'
  | 'claim shorter than a request'
  | 'only the latest message is read'
  | 'messages from before the claim count'
  | 'no clear reading counts as absent'
  | 'a lost reply counts as refused'
  | 'planned without the cursor'
  | 'cancel answered before the run is cancelled'
  | 'counted after the batch'
  | 'who was not claimed is forgotten';

export interface BroadcastTerms {
  readonly weakness?: BroadcastWeakness;
  readonly writes?: BatchWrites;
}
export type BroadcastRules = BroadcastTerms & { readonly writes: BatchWrites };
export const broadcastRulesOf = (contactSettings: BroadcastTerms): BroadcastRules => ({
  writes: batchWrites,
  ...contactSettings,
});

/** One invocation of `broadcast`: what it does next, and what it remembers. */
export interface Worker {
  readonly at: 'idle' | 'plan' | 'serve' | 'send' | 'waiting' | 'report' | 'refused' | 'settle' | 'count';
  /** The batch as it was read, while a write compares its revision. */
  readonly read: Batch | null;
  /** Nobody has written the row since that read. */
  readonly isFresh: boolean;
  readonly findings: readonly Finding[];
}

/** A request at MaiAgent: for each recipient whether it is `open`, has been `sent` to or was `failed`; `none` was not asked for. */
export interface Send {
  readonly by: string;
  readonly to: readonly (Finding | 'open')[];
}

export interface BroadcastState {
  readonly run: 'planning' | 'sending' | 'cancelled';
  readonly isEnded: boolean;
  /** The cancel was answered. */
  readonly isCancelled: boolean;
  readonly batch: Batch | null;
  /** What the tallies say, by recipient, so that a count that was not moved can be seen. */
  readonly counted: readonly RecipientState[];
  readonly workers: readonly Worker[];
  readonly inFlight: readonly Send[];
  readonly isActive: readonly boolean[];
  /** At MaiAgent: how many messages of this run each recipient got, and who has answered since. */
  readonly messages: readonly number[];
  readonly hasAnswered: readonly boolean[];
}

export type BroadcastStep = Step<BroadcastState>;

export const idleWorker: Worker = { at: 'idle', read: null, isFresh: true, findings: [] };

export const startOfBroadcast: BroadcastState = {
  run: 'planning',
  isEnded: false,
  isCancelled: false,
  batch: null,
  counted: [],
  workers: [idleWorker, idleWorker],
  inFlight: [],
  isActive: [true, true],
  messages: [0, 0],
  hasAnswered: [false, false],
};

export const workerName = (who: number): string => (who === 0 ? 'A' : 'B');
const DEAD = 'dead';

export const act = (kind: Kind, does: string, to: BroadcastState, breach?: Breach): BroadcastStep => ({
  kind,
  does,
  to,
  breach,
});

/** The state with a worker somewhere else. */
export function turns(state: BroadcastState, who: number, worker: Partial<Worker>): BroadcastState {
  return { ...state, workers: state.workers.map((one, index) => (index === who ? { ...idleWorker, ...worker } : one)) };
}

/** The worker is gone; its claim and its requests stay. */
export function departs(state: BroadcastState, who: number): BroadcastState {
  const name = workerName(who);
  const renamed = (by: string): string => (by === name ? DEAD : by);
  const inFlight = ordered(state.inFlight.map((one) => ({ ...one, by: renamed(one.by) })));
  return turns({ ...state, inFlight, batch: withClaimOf(state.batch, renamed) }, who, {});
}

/** The two workers do the same: what differs only by their names is one state. */
export function canonicalBroadcast(state: BroadcastState): BroadcastState {
  const [first = idleWorker, second = idleWorker] = state.workers;
  const [a, b] = [JSON.stringify(first), JSON.stringify(second)];
  if (a < b || (a === b && state.batch?.claim?.by !== 'B')) return state;
  const renamed = (by: string): string => ({ A: 'B', B: 'A' })[by] ?? by;
  const inFlight = ordered(state.inFlight.map((one) => ({ ...one, by: renamed(one.by) })));
  const read = (worker: Worker): Worker => ({ ...worker, read: withClaimOf(worker.read, renamed) });
  return { ...state, inFlight, batch: withClaimOf(state.batch, renamed), workers: [read(second), read(first)] };
}

function withClaimOf(batch: Batch | null, renamed: (by: string) => string): Batch | null {
  return batch?.claim ? { ...batch, claim: { ...batch.claim, by: renamed(batch.claim.by) } } : batch;
}

/** The batch was written, the counts with it: whoever read it before is told so by its revision. */
export function stored(state: BroadcastState, batch: Batch, { weakness }: BroadcastRules): BroadcastState {
  const workers = state.workers.map((one) => ({
    ...one,
    isFresh: one.at !== 'serve' && one.at !== 'settle',
    // Only without the revision does it matter what exactly was read.
    read: weakness === 'claim without the revision' ? one.read : null,
  }));
  const counted = weakness === 'counted after the batch' ? state.counted : batch.of;
  return { ...state, batch, counted, workers };
}

export const ordered = (inFlight: readonly Send[]): Send[] =>
  inFlight.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const isLast = (state: RecipientState): boolean => state !== 'planned' && state !== 'claimed';

/** Ends the run, because every recipient has reached a final state. */
export const isAllLast = ({ batch }: BroadcastState): boolean => batch === null || batch.of.every(isLast);

/** The run has ended, and nobody does anything any more. */
export function isOver({ isEnded, workers, inFlight }: BroadcastState): boolean {
  return isEnded && inFlight.length === 0 && workers.every(({ at }) => at === 'idle');
}

/** Invariant 11, wherever it can be seen. */
export function breachOfBroadcast(state: BroadcastState): Breach | undefined {
  const { batch, messages, counted } = state;
  if (messages.some((count) => count > 1)) return { invariant: 11, because: 'a recipient got the message twice' };
  const of = batch?.of ?? [];
  if (of.some((one, index) => one === 'sent' && messages[index] === 0))
    return { invariant: 11, because: 'a recipient is sent without a message' };
  if (!isOver(state)) return undefined;
  if (!isAllLast(state)) return { invariant: 11, because: 'the run has ended without a recipient' };
  if (of.join() !== counted.join()) return { invariant: 11, because: 'the counts are not those of the recipients' };
  const denied = of.some((one, index) => one !== 'sent' && one !== 'unknown' && messages[index] === 1);
  return denied ? { invariant: 11, because: 'a recipient who got the message counts as not reached' } : undefined;
}
