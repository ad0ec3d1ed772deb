import type { Exclusion } from './audience.ts';

/** Where one recipient of a run stands. From `sent` on it stays so, but that evidence of a message makes any of them `sent`. */
export type RecipientState = (typeof recipientStates)[number];
export const recipientStates = ['planned', 'claimed', 'sent', 'failed', 'skipped', 'cancelled', 'unknown'] as const;

/** Why a recipient is not `sent`, as people and programs read it. */
export type Reason =
  | Exclusion
  /** The link was disabled, deleted or bound to another contact between planning and sending. */
  | 'link_changed'
  /** MaiAgent reaches only contacts who have chatted before (MaiAgent, broadcast example). */
  | 'no_conversation'
  | 'refused_by_maiagent'
  /** No answer came, and the message is not in the conversation. */
  | 'not_delivered'
  /** No answer came, and whether the message is in the conversation could not be found out. */
  | 'no_evidence'
  | 'too_late';

/** One recipient in the ledger. Who could not even be planned has no `pk` or no `contactId`. */
export interface Recipient {
  /** The key of the link. */
  readonly pk?: string;
  readonly contactId?: string;
  readonly state: RecipientState;
  readonly reason?: Reason;
  readonly messageId?: string;
  readonly conversationId?: string;
  /** When this state began, in ms since 1970. */
  readonly at: number;
}

/** The right to send one message to the claimed recipients of a batch, once. */
export interface Claim {
  readonly id: string;
  /** When it was made, by the clock of the claimant. */
  readonly at: number;
  /** By then the request is dead, whatever became of it: what it did can be read. */
  readonly until: number;
}

/** The recipients of one call, at most 50, and all that is known of them. */
export interface Batch {
  readonly pk: string;
  readonly sk: string;
  /** Counts its writes: the optimistic lock. */
  readonly revision: number;
  readonly recipients: readonly Recipient[];
  readonly claim?: Claim;
  /** How many of the recipients the next claim may take; all where it is absent. */
  readonly share?: number;
  /** Claims that were given back since the last answer. */
  readonly attempts?: number;
  /** How often the present claim's message was looked for in vain. */
  readonly looks?: number;
  /** When something is to be done with it, in ms since 1970; absent when it is done with. */
  readonly dueAt?: number;
  /** In seconds since 1970, for the table's time to live. */
  readonly expiresAt?: number;
}

/** One call of MaiAgent names at most so many contacts. */
export const BATCH_SIZE = 50;

/** What MaiAgent told of one contact. */
export interface Evidence {
  readonly messageId?: string;
  readonly conversationId?: string;
}

/** What a search for the message in a contact's conversations found. `unclear`: not everything could be read. */
export type Finding = Evidence | 'absent' | 'unclear';

/** How many recipients are in each state. */
export type Counts = Readonly<Record<RecipientState, number>>;

export function tally({ recipients }: Pick<Batch, 'recipients'>): Counts {
  const counts = Object.fromEntries(recipientStates.map((state) => [state, 0])) as Record<RecipientState, number>;
  for (const { state } of recipients) counts[state] += 1;
  return counts;
}

/** The recipients whom the next claim takes. */
export function nextShare({ recipients, share = BATCH_SIZE }: Batch): readonly Recipient[] {
  return recipients.filter(({ state }) => state === 'planned').slice(0, share);
}

/** The batch with the next share claimed. There must be no claim. */
export function claimed(batch: Batch, claim: Claim): Batch {
  const share = new Set(nextShare(batch));
  const recipients = batch.recipients.map((one) => (share.has(one) ? withState(one, 'claimed', claim.at) : one));
  return { ...batch, recipients, claim, dueAt: claim.until };
}

/** Ends these planned recipients without a message. */
export function ended(
  batch: Batch,
  atMs: number,
  end: (recipient: Recipient) => { readonly state: 'skipped' | 'cancelled'; readonly reason?: Reason } | undefined,
): Batch {
  const recipients = batch.recipients.map((one) => {
    const last = one.state === 'planned' ? end(one) : undefined;
    return last ? withState(one, last.state, atMs, last.reason) : one;
  });
  return rested({ ...batch, recipients }, atMs);
}

/**
 * What MaiAgent answered. A message is evidence, whoever holds the claim by now; a refusal counts only under the claim for which it
 * was made. Who is in neither list stays claimed, until the conversation is read.
 */
export function reported(
  batch: Batch,
  claimId: string,
  sent: ReadonlyMap<string, Evidence>,
  refusedFor: ReadonlyMap<string, Reason>,
  atMs: number,
): Batch {
  const isMine = batch.claim?.id === claimId;
  const recipients = batch.recipients.map((one) => {
    const evidence = sent.get(one.contactId ?? '');
    if (evidence && one.state !== 'sent') return { ...withState(one, 'sent', atMs), ...evidence };
    const reason = refusedFor.get(one.contactId ?? '');
    if (!reason || !isMine || one.state !== 'claimed') return one;
    return withState(one, reason === 'no_conversation' ? 'skipped' : 'failed', atMs, reason);
  });
  return rested({ ...batch, recipients }, atMs);
}

/** Nothing was sent: the claim is given back, to be made again at `retryAtMs`, for fewer recipients at once where `share` says so. */
export function givenBack(batch: Batch, claimId: string, retryAtMs: number, share?: number): Batch {
  if (batch.claim?.id !== claimId) return batch;
  const { claim, ...rest } = batch;
  const recipients = batch.recipients.map((one) =>
    one.state === 'claimed' ? withState(one, 'planned', claim.at) : one,
  );
  const attempts = (batch.attempts ?? 0) + 1;
  return { ...rest, recipients, attempts, dueAt: retryAtMs, ...(share !== undefined && { share }) };
}

/** What was read after a claim's request was dead. What stays unclear is read `again`, or is `unknown` for good where it is not. */
export function settled(
  batch: Batch,
  claimId: string,
  findings: ReadonlyMap<string, Finding>,
  atMs: number,
  again: { readonly atMs: number; readonly looks: number } | undefined,
): Batch {
  if (batch.claim?.id !== claimId) return batch;
  const recipients = batch.recipients.map((one) => {
    if (one.state !== 'claimed') return one;
    const finding = findings.get(one.contactId ?? '') ?? 'unclear';
    if (typeof finding === 'object') return { ...withState(one, 'sent', atMs), ...finding };
    if (finding === 'absent') return withState(one, 'failed', atMs, 'not_delivered');
    return again ? one : withState(one, 'unknown', atMs, 'no_evidence');
  });
  const next = rested({ ...batch, recipients }, atMs);
  return next.claim && again ? { ...next, looks: again.looks, dueAt: again.atMs } : next;
}

/** A batch with nothing left to do is kept until then, in seconds since 1970. */
export const kept = (batch: Batch, expiresAt: number): Batch =>
  batch.dueAt === undefined ? { ...batch, expiresAt } : batch;

/** Ends a claim that has nobody left, and takes a batch off the due list that has nothing left to do. The next claim may take all again. */
function rested(batch: Batch, atMs: number): Batch {
  const { claimed: underway, planned } = tally(batch);
  if (underway > 0) return batch;
  const { claim: _claim, share: _share, attempts: _attempts, looks: _looks, dueAt: _dueAt, ...rest } = batch;
  return planned > 0 ? { ...rest, dueAt: atMs } : rest;
}

function withState(
  { reason: _before, ...one }: Recipient,
  state: RecipientState,
  at: number,
  reason?: Reason,
): Recipient {
  return { ...one, state, at, ...(reason !== undefined && { reason }) };
}
