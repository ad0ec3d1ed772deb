import type { AudienceLinks, AudiencePage } from '../io/broadcasts/audience-links.ts';
import type { BroadcastTable } from '../io/broadcasts/broadcast-table.ts';
import { written } from '../io/broadcasts/broadcast-writes.ts';
import type { Clock } from '../io/clock.ts';
import type { Witness } from '../rules/contacts/believe.ts';
import { placeOf, type AudienceRule, type Candidate } from '../rules/broadcasts/audience.ts';
import type { Broadcast } from '../rules/broadcasts/broadcast.ts';
import { kept, BATCH_SIZE, type Batch, type Recipient } from '../rules/broadcasts/batch.ts';
import { expiryOf, ledgerKey, batchKey, planned, sendByMs, type Run, type Speed } from '../rules/broadcasts/run.ts';
import { conversedOf } from '../rules/broadcasts/conversed.ts';
import { linkKey } from '../rules/contacts/subject.ts';

export interface PlanDeps {
  readonly broadcasts: BroadcastTable;
  readonly audience: AudienceLinks;
  readonly clock: Clock;
  readonly witnesses: readonly Witness[];
  readonly speed: Speed;
  readonly retentionDays: number;
}

/** A page is committed when it has this many recipients, so that only its last batch can be partly filled. */
const PAGE_RECIPIENTS = 5 * BATCH_SIZE;
/** A page is also committed after this many reads: a narrow audience fills it slowly, and a crash repeats all since the last commit. */
const PAGE_READS = 10;

/** Cuts an audience into batches. Each page is committed with the next cursor, so that no worker repeats or skips a recipient. */
export async function planRun(run: Run, broadcast: Broadcast, until: number, deps: PlanDeps): Promise<Run> {
  const { broadcasts, clock, speed, retentionDays } = deps;
  if (run.state !== 'planning') return run;
  const rule = await deps.audience.rule(broadcast.audience, deps.witnesses);
  let now = run;
  while (now.state === 'planning' && clock.elapsed() < until) {
    const page = await gather(now, rule, deps);
    const expiresAt = expiryOf(clock.now(), retentionDays);
    const batches = batchesOf(now, page.recipients, clock.now()).map((batch) => kept(batch, expiresAt));
    const change = { batches: batches.length, recipients: page.recipients.length, next: page.next };
    const after = planned(now, change, (count) => sendByMs(broadcast, now.scheduledAtMs, count, speed));
    const done = await broadcasts.commit([
      { before: now, after },
      ...batches.map((batch) => ({ before: undefined, after: batch })),
    ]);
    // Somebody cancelled it, or another planner was faster.
    if (done !== 'committed') return (await broadcasts.run(now.broadcastId, now.scheduledAtMs)) ?? now;
    now = written({ before: now, after });
  }
  return now;
}

async function gather(run: Run, rule: AudienceRule, { audience, clock }: PlanDeps) {
  const recipients: Recipient[] = [];
  let next: string | undefined = run.cursor;
  for (let reads = 0; next !== undefined && reads < PAGE_READS && recipients.length < PAGE_RECIPIENTS; reads += 1) {
    const page: AudiencePage = await audience.page(rule.audience, next);
    recipients.push(...page.found.flatMap((one) => recipientOf(one, rule, clock.now())));
    next = page.next;
  }
  // Whose contact changed meanwhile may be here by both, and a claim may look at a link once.
  const perPerson = new Map(recipients.map((one) => [one.pk ?? one, one] as const));
  return { recipients: [...perPerson.values()], next };
}

/**
 * Named recipients who cannot be reached are in the ledger too, with the reason. Of somebody deleted it has nothing else, nor of a
 * contact of an earlier life: their ledgers may have been gone through already.
 */
function recipientOf(one: Candidate, rule: AudienceRule, at: number): readonly Recipient[] {
  const place = placeOf(one, rule);
  if (place === 'outside') return [];
  const who = 'excluded' in place && place.excluded === 'deleted' ? {} : whoIs(one, rule);
  if ('excluded' in place) return [{ ...who, state: 'skipped', reason: place.excluded, at }];
  const hasConversed = one.link && conversedOf(one.link)?.has === true;
  const visitors = rule.exceptKeys.size > 0 ? (one.link?.visitors ?? []).length : undefined;
  return [{ ...who, state: 'planned', at, visitors, ...(hasConversed && { hasConversed }) }];
}

function whoIs({ id, link, wasHeld }: Candidate, { audience }: AudienceRule): Pick<Recipient, 'pk' | 'contactId'> {
  if (link) return { pk: link.pk, ...(link.contactId !== undefined && { contactId: link.contactId }) };
  if (audience.kind === 'users') return { pk: linkKey({ kind: 'user', userId: id }) };
  return wasHeld ? {} : { contactId: id };
}

function batchesOf(run: Run, recipients: readonly Recipient[], nowMs: number): Batch[] {
  const count = Math.ceil(recipients.length / BATCH_SIZE);
  return Array.from({ length: count }, (_, index) => {
    const some = recipients.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE);
    const isOpen = some.some(({ state }) => state === 'planned');
    return {
      pk: ledgerKey(run),
      sk: batchKey(run.batches + index),
      revision: 1,
      recipients: some,
      ...(isOpen && { dueAt: nowMs }),
    };
  });
}
