import type { Link } from '../contacts/link.ts';
import type { Exclusion } from './audience.ts';

/** The state of one recipient. Those from `sent` on are final, except that evidence of a message turns any of them into `sent`. */
export type RecipientState = (typeof recipientStates)[number];
export const recipientStates = ['planned', 'claimed', 'sent', 'failed', 'skipped', 'cancelled', 'unknown'] as const;

/** Why a recipient has no message. Answers and ledgers carry these words. */
export type Reason =
  | Exclusion
  /** The link was disabled, deleted or bound to another contact between planning and sending. */
  | 'link_changed'
  /** MaiAgent reaches only contacts who have chatted before (MaiAgent, broadcast example). */
  | 'no_conversation'
  | 'refused_by_maiagent'
  /** No answer came, and the message is not in the conversation. */
  | 'not_delivered'
  /** No answer came, and the conversation could not be read. */
  | 'no_evidence'
  /** No answer came, and MaiAgent no longer has the contact, so nobody can say. */
  | 'contact_gone'
  | 'too_late';

/** One recipient in the ledger. A recipient who could not be planned lacks `pk` or `contactId`. */
export interface Recipient {
  /** The key of the link. */
  readonly pk?: string;
  readonly contactId?: string;
  readonly state: RecipientState;
  readonly reason?: Reason;
  readonly messageId?: string;
  readonly conversationId?: string;
  /** Present where the link knew of a conversation when the plan was made, so that it need not be told of one. */
  readonly hasConversed?: true;
  /** How many visitors had become this user when they were last looked at, where holders of contacts are excepted. */
  readonly visitors?: number | undefined;
  /** When this state began, in ms since 1970. */
  readonly at: number;
}

/** The right to send one message to the claimed recipients of a batch, once. */
export interface Claim {
  readonly id: string;
  /** When the claim was made, by the claimant's clock. */
  readonly at: number;
  /** When the request can no longer take effect, so that its result can be read. */
  readonly until: number;
}

/** The recipients of one call, at most 50, with their states. */
export interface Batch {
  readonly pk: string;
  readonly sk: string;
  /** The number of writes; the optimistic lock. */
  readonly revision: number;
  readonly recipients: readonly Recipient[];
  readonly claim?: Claim;
  /** How many recipients the next claim may take; absent for all. */
  readonly share?: number;
  /** How many claims were given back since the last answer. */
  readonly attempts?: number;
  /** How often the message of the current claim was looked for without result. */
  readonly looks?: number;
  /** When the next work is due, in ms since 1970; absent when no work is left. */
  readonly dueAt?: number;
  /** In seconds since 1970, for the table's time to live. */
  readonly expiresAt?: number;
}

/** The most contacts that one call to MaiAgent may name. */
export const BATCH_SIZE = 50;

/** What MaiAgent reported about one contact. */
export interface Evidence {
  readonly messageId?: string;
  readonly conversationId?: string;
}

/** What a search for the message found. `unclear`: not everything could be read. `gone`: MaiAgent no longer has the contact. */
export type Finding = Evidence | 'absent' | 'unclear' | 'gone';

/** How many recipients are in each state. */
export type Counts = Readonly<Record<RecipientState, number>>;

export function tally({ recipients }: Pick<Batch, 'recipients'>): Counts {
  const counts = Object.fromEntries(recipientStates.map((state) => [state, 0])) as Record<RecipientState, number>;
  for (const { state } of recipients) counts[state] += 1;
  return counts;
}

/** The recipients of the next claim. */
export function nextShare({ recipients, share = BATCH_SIZE }: Batch): readonly Recipient[] {
  return recipients.filter(({ state }) => state === 'planned').slice(0, share);
}

/** The batch with its next share claimed. The batch must have no claim. */
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

/** Records MaiAgent's answer. A message counts whoever holds the claim, a refusal under its own only; who is in neither list stays claimed. */
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

/** Gives the claim back, because nothing was sent. The next claim may come at `retryAtMs`, for at most `share` recipients if given. */
export function givenBack(batch: Batch, claimId: string, retryAtMs: number, share?: number): Batch {
  if (batch.claim?.id !== claimId) return batch;
  const { claim, ...rest } = batch;
  const recipients = batch.recipients.map((one) =>
    one.state === 'claimed' ? withState(one, 'planned', claim.at) : one,
  );
  const attempts = (batch.attempts ?? 0) + 1;
  return { ...rest, recipients, attempts, dueAt: retryAtMs, ...(share !== undefined && { share }) };
}

/** Records what the conversations showed. Who is unclear is read `again`, or becomes `unknown` without a further look. */
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
    if (finding === 'gone') return withState(one, 'unknown', atMs, 'contact_gone');
    return again ? one : withState(one, 'unknown', atMs, 'no_evidence');
  });
  const next = rested({ ...batch, recipients }, atMs);
  return next.claim && again ? { ...next, looks: again.looks, dueAt: again.atMs } : next;
}

/** What an answer to this batch has taught of conversations that the links did not know. */
export function learned(
  { recipients }: Batch,
  sent: ReadonlyMap<string, Evidence>,
  refusedFor: ReadonlyMap<string, Reason>,
) {
  return recipients.flatMap(({ pk, contactId, hasConversed }) => {
    if (pk === undefined || contactId === undefined) return [];
    if (sent.has(contactId)) return hasConversed ? [] : [{ pk, contactId, has: true }];
    return refusedFor.get(contactId) === 'no_conversation' ? [{ pk, contactId, has: false }] : [];
  });
}

/** The batch after a claim that found these links not as planned. Who only was one more visitor, whom nobody has excepted, is claimed again. */
export function lookedAt(
  batch: Batch,
  atMs: number,
  links: ReadonlyMap<string, Link>,
  isExcepted: (link: Link) => boolean,
): Batch {
  const recipients = batch.recipients.map((one) => {
    const link = one.state === 'planned' ? links.get(one.pk ?? '') : undefined;
    if (!link) return one;
    const { accountStatus, visitors = [] } = link;
    const isMore = one.visitors !== undefined && visitors.length !== one.visitors;
    if (isMore && !isExcepted(link)) return { ...one, visitors: visitors.length };
    const reason = accountStatus === 'disabled' || accountStatus === 'deleted' ? accountStatus : 'link_changed';
    return withState(one, 'skipped', atMs, reason);
  });
  return rested({ ...batch, recipients }, atMs);
}

/** Sets the expiry of a batch that has no work left, in seconds since 1970. */
export const kept = (batch: Batch, expiresAt: number): Batch =>
  batch.dueAt === undefined ? { ...batch, expiresAt } : batch;

/** Ends a claim without open recipients, and takes a batch without work off the due list. The next claim may take all again. */
function rested(batch: Batch, atMs: number): Batch {
  const { claimed: underway, planned } = tally(batch);
  if (underway > 0) return batch;
  const { claim: _claim, share: _share, attempts: _attempts, looks: _looks, dueAt: _dueAt, ...rest } = batch;
  return planned > 0 ? { ...rest, dueAt: atMs } : rest;
}

function withState({ reason: _before, ...one }: Recipient, state: RecipientState, at: number, reason?: Reason) {
  return { ...one, state, at, ...(reason !== undefined && { reason }) };
}
