import { randomUUID } from 'node:crypto';
import { findMessage } from './find-message.ts';
import type { BroadcastTable } from '../io/broadcasts/broadcast-table.ts';
import { written } from '../io/broadcasts/broadcast-writes.ts';
import type { Clock } from '../io/clock.ts';
import type { ContactApi } from '../io/maiagent/contact-api.ts';
import type { BroadcastReport } from '../io/maiagent/conversation-wire.ts';
import type { Log } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import type { Pace } from '../io/maiagent/pace.ts';
import { retryAtMs } from '../rules/backoff.ts';
import type { Failure } from '../rules/maiagent/outcome.ts';
import * as ledger from '../rules/broadcasts/batch.ts';
import { isHolder, type AudienceRule } from '../rules/broadcasts/audience.ts';
import type { Claim, Evidence, Finding, Batch, Reason, Recipient } from '../rules/broadcasts/batch.ts';
import { expiryOf, type Run } from '../rules/broadcasts/run.ts';

export interface BatchDeps {
  readonly broadcasts: BroadcastTable;
  /** For sending. It bypasses the pace, because the wait for the pace comes before the claim. */
  readonly sender: Pick<ContactApi, 'broadcast'>;
  /** For reading. It keeps to the pace. */
  readonly contacts: ContactApi;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly retentionDays: number;
  /** How long MaiAgent may take to answer, and how long after that a request may still take effect there, both in ms. */
  readonly callMs: number;
  readonly reserveMs: number;
}

export interface BatchKey {
  readonly pk: string;
  readonly sk: string;
}

/** The right of one worker to work on a run, until a set time. */
export interface RunLease {
  /** The run as it was last read. */
  run: Run;
  readonly message: string;
  /** The audience as it is decided by now. */
  rule(): Promise<AudienceRule>;
  /** On the monotonic clock, `Clock.elapsed`. */
  readonly until: number;
  /** True during a pause that MaiAgent asked for, or an outage that is known: nothing is asked of it then. */
  readonly isPaused: boolean;
  /** False while MaiAgent is down: recipients claimed then would never get the message, because a claim is never sent twice. */
  mayClaim(): Promise<boolean>;
  /** True if MaiAgent answers a read. */
  isMaiAgentUp(): Promise<boolean>;
}

/**
 * What became of one batch. `late`: its run is past its time. `stopped`: the run no longer sends. `outage`: MaiAgent refused or did not
 * answer. `away`: nothing was sent, because MaiAgent answers no reads either.
 */
export type Served = 'served' | 'conflict' | 'late' | 'stopped' | 'outage' | 'away';

/** A function that was frozen for longer than this between claim and request gives the claim back instead of sending. */
const SEND_WITHIN_MS = 5_000;
/** The pauses between looks for a message that could not be read: a little more than a day, then the recipient is `unknown`. */
const LOOKS_AGAIN_MS = [1, 5, 15, 60, 60, 120, 240, 480, 720].map((minutes) => minutes * 60_000);
const LOOKED_FOR_MS = LOOKS_AGAIN_MS.reduce((sum, pauseMs) => sum + pauseMs, 0);
/** The rest of a partly claimed batch waits until this claim is settled, so that claim gets only this many looks. */
const LOOKS_WHILE_OTHERS_WAIT = 3;

/** Does the due work of one batch: sends it, settles its claim, or ends it. */
export async function serveBatch(key: BatchKey, lease: RunLease, deps: BatchDeps): Promise<Served> {
  const batch = await deps.broadcasts.batch(key.pk, key.sk);
  const nowMs = deps.clock.now();
  if (!batch || (batch.dueAt ?? Infinity) > nowMs) return 'served';
  if (batch.claim) return settle(batch, batch.claim, lease, deps);
  if (lease.run.state === 'sending') return send(batch, lease, deps);
  const last = lease.run.state === 'cancelled' ? ({ state: 'cancelled' } as const) : TOO_LATE;
  return save(
    batch,
    ledger.ended(batch, nowMs, () => last),
    deps,
  );
}

const TOO_LATE = { state: 'skipped', reason: 'too_late' } as const;

/** Claims the next share of the batch and sends the message to it. Whatever happens then, nobody claims these recipients again. */
async function send(batch: Batch, lease: RunLease, deps: BatchDeps): Promise<Served> {
  const { clock, pace, sender, callMs } = deps;
  await pace.awaitTurn();
  if (clock.now() > (lease.run.sendByMs ?? Infinity)) return 'late';
  if (!(await lease.mayClaim())) return 'away';
  const claimedAt = clock.elapsed();
  const mine = await claim(batch, lease, deps);
  if (typeof mine === 'string') return mine;
  if (clock.elapsed() > claimedAt + SEND_WITHIN_MS) return giveBack(mine, clock.now(), deps);
  const share = claimedIn(mine);
  const outcome = await sender.broadcast(
    lease.message,
    share.map(({ contactId = '' }) => contactId),
    claimedAt + callMs,
  );
  switch (outcome.kind) {
    case 'done':
      return record(mine, outcome.value, deps);
    case 'refused':
    case 'duplicate':
      return refuse(mine, share, outcome, deps);
    case 'unknown':
      // The recipients stay claimed. Their conversations are read when the request can no longer take effect.
      deps.log.count('BroadcastUnanswered');
      return 'outage';
  }
}

type Claimed = Batch & { readonly claim: Claim };

/** Commits the claim with a check that the run still sends and each link is as planned. Whose link has changed is skipped; the others are claimed. */
async function claim(batch: Batch, { run, ...lease }: RunLease, deps: BatchDeps): Promise<Claimed | Served> {
  const { broadcasts, clock, callMs, reserveMs } = deps;
  let desired = batch;
  for (;;) {
    const at = clock.now();
    const recipients = ledger.nextShare(desired);
    if (recipients.length === 0) return save(batch, desired, deps);
    const right: Claim = { id: randomUUID(), at, until: at + callMs + reserveMs };
    const change = { before: batch, after: { ...ledger.claimed(desired, right), claim: right } };
    const done = await broadcasts.commit([change], { run, recipients, at });
    if (done === 'committed') return written(change);
    if (done === 'conflict' || done === 'stopped') return done;
    const wereVisitors = [...done.changed.values()].some(({ visitors }) => visitors);
    const rule = wereVisitors ? await lease.rule() : undefined;
    desired = ledger.lookedAt(desired, at, done.changed, (link) => !rule || isHolder(link, rule));
  }
}

const claimedIn = ({ recipients }: Batch): readonly Recipient[] =>
  recipients.filter(({ state }) => state === 'claimed');

async function record(mine: Claimed, { sent, failed }: BroadcastReport, deps: BatchDeps): Promise<Served> {
  const messages = new Map<string, Evidence>(sent.map(({ contactId, ...evidence }) => [contactId, evidence]));
  const reasons = new Map(failed.map(({ contactId, reason }) => [contactId, whyFailed(reason)]));
  const report = (batch: Batch): Batch => ledger.reported(batch, mine.claim.id, messages, reasons, deps.clock.now());
  const done = await saveWhatever(mine, report, deps);
  // After the ledger: who dies here has only not remembered what the next preview asks MaiAgent again.
  const lost = await deps.broadcasts.keep(ledger.learned(mine, messages, reasons), deps.clock.now());
  if (lost > 0) deps.log.warn('conversations-not-kept', { count: lost });
  return done;
}

/** The text that MaiAgent documents. If it is translated one day, the contact counts as refused. */
const whyFailed = (text: string): Reason => (/no conversation/i.test(text) ? 'no_conversation' : 'refused_by_maiagent');

/** MaiAgent sent nothing. If it refused the request as invalid, one contact may be the reason: the batch is tried again in halves. */
async function refuse(
  mine: Claimed,
  share: readonly Recipient[],
  failure: Exclude<Failure, { kind: 'unknown' }>,
  deps: BatchDeps,
): Promise<Served> {
  const { clock, pace, random, log } = deps;
  const { status, retryAfterMs, fields } = failure;
  pace.noteReply(failure);
  if (status === 400 || status === 413 || status === 422) {
    if (share.length > 1 && !fields.includes('message'))
      return giveBack(mine, clock.now(), deps, Math.ceil(share.length / 2));
    const reasons = new Map(share.map(({ contactId = '' }) => [contactId, 'refused_by_maiagent' as const]));
    return saveWhatever(mine, (batch) => ledger.reported(batch, mine.claim.id, new Map(), reasons, clock.now()), deps);
  }
  if (status === 401 || status === 403) log.count('KeyRefused');
  await giveBack(mine, retryAtMs(mine.attempts ?? 0, clock.now(), random(), retryAfterMs), deps);
  return 'outage';
}

function giveBack(mine: Claimed, retryAt: number, deps: BatchDeps, share?: number): Promise<Served> {
  return saveWhatever(mine, (batch) => ledger.givenBack(batch, mine.claim.id, retryAt, share), deps);
}

/** The request can no longer take effect, so each contact's conversations show whether the message arrived. */
async function settle(batch: Batch, claim: Claim, lease: RunLease, deps: BatchDeps): Promise<Served> {
  const { clock, contacts, log } = deps;
  const { message, until, isPaused } = lease;
  if (isPaused && clock.now() <= claim.until + LOOKED_FOR_MS) return 'away';
  const findings = new Map<string, Finding>();
  const recipients = fromAnyPlace(claimedIn(batch), deps.random());
  for (const { contactId = '' } of recipients) {
    if (clock.elapsed() > until) break;
    findings.set(contactId, await findMessage(contactId, message, claim, until, contacts));
  }
  const isBlind = findings.size > 0 && [...findings.values()].every((finding) => finding === 'unclear');
  const isAway = isBlind && !(await lease.isMaiAgentUp());
  // A look during an outage does not count as one, unless the time for looking is over.
  const isLook = isAway ? clock.now() > claim.until + LOOKED_FOR_MS : isBlind || findings.size === recipients.length;
  const again = isLook ? nextLook(batch, claim, clock.now()) : { atMs: clock.now(), looks: batch.looks ?? 0 };
  const after = ledger.settled(batch, claim.id, findings, clock.now(), again);
  const unknown = ledger.tally(after).unknown - ledger.tally(batch).unknown;
  const done = await save(batch, after, deps);
  if (done === 'served' && unknown > 0) log.count('UnknownRecipients', unknown);
  if (done !== 'served' || !isBlind) return done;
  return isAway ? 'away' : 'outage';
}

/** Starts at a random recipient, because one who cannot be read uses up the time of those behind. */
function fromAnyPlace(recipients: readonly Recipient[], random: number): readonly Recipient[] {
  const first = Math.floor(random * recipients.length);
  return [...recipients.slice(first), ...recipients.slice(0, first)];
}

/** The pause before the next look, longer each time; `undefined` when the time for looking is over. */
function nextLook({ looks = 0, recipients }: Batch, { until }: Claim, nowMs: number) {
  if (nowMs > until + LOOKED_FOR_MS) return undefined;
  const othersWait = recipients.some(({ state }) => state === 'planned');
  const pauseMs = othersWait && looks >= LOOKS_WHILE_OTHERS_WAIT ? undefined : LOOKS_AGAIN_MS[looks];
  return pauseMs === undefined ? undefined : { atMs: nowMs + pauseMs, looks: looks + 1 };
}

/** Applies a change to the batch as it is now, because evidence of a message counts whoever holds the claim. */
async function saveWhatever(mine: Batch, change: (batch: Batch) => Batch, deps: BatchDeps): Promise<Served> {
  return retryConflicts(async (round) => {
    const batch = round === 0 ? mine : await deps.broadcasts.batch(mine.pk, mine.sk);
    return batch ? save(batch, change(batch), deps) : 'served';
  });
}

async function save(before: Batch, after: Batch, { broadcasts, clock, retentionDays }: BatchDeps): Promise<Served> {
  if (after === before) return 'served';
  const expiresAt = expiryOf(clock.now(), retentionDays);
  const done = await broadcasts.commit([{ before, after: ledger.kept(after, expiresAt) }]);
  return done === 'committed' ? 'served' : 'conflict';
}
