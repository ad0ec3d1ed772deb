import { randomUUID } from 'node:crypto';
import { policyOf, type Settings } from '../env.ts';
import type { Clock } from '../io/clock.ts';
import type { Intake } from '../io/aws/intake.ts';
import type { Quarantine, Quarantined } from '../io/aws/quarantine.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import { logAbout, noteBug, noteUnknown, type Log } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import type { PublicKeys } from '../io/public-keys.ts';
import { provenBy, type Secret } from '../io/aws/secrets.ts';
import { Unavailable, type Flaw } from '../rules/failure.ts';
import type { Receipt } from '../rules/sources/kept-delivery.ts';
import { draft, isTooLarge, untilRead } from '../rules/contacts/link.ts';
import type { MetricName } from '../rules/metrics.ts';
import { shownKey } from '../rules/contacts/told.ts';
import { countsOtherwise, reportOf } from '../rules/contacts/reports.ts';
import {
  proveDelivery,
  publicKeysUrl,
  type Delivery,
  type ProvenDelivery,
  type SourceDeclaration,
  type SourceEvent,
  type WebhookSource,
} from '../rules/sources/source.ts';
import { linkKey } from '../rules/contacts/subject.ts';
import { readShard } from '../rules/lane.ts';

/** What the intake works with. It cannot call MaiAgent. */
export interface IntakeDeps {
  readonly settings: Settings;
  readonly links: LinkTable;
  readonly intake: Intake;
  readonly quarantine: Quarantine;
  /** `{"<source>": ["<secret>", …]}` */
  readonly secrets: Secret;
  readonly keys: PublicKeys;
  readonly clock: Clock;
  readonly log: Log;
}

/** The result of a proven event. It is committed, or needs no commit. */
export type Taken = 'accepted' | 'repeated' | 'conflicting' | 'ignored' | 'quarantined';

const metrics: Record<Taken, MetricName> = {
  accepted: 'Accepted',
  repeated: 'Repeated',
  conflicting: 'ConflictingRepeats',
  ignored: 'Ignored',
  quarantined: 'Quarantined',
};

/** The delivery with its proof, judged by the source's own protocol and secrets; `undefined` where there is none. */
export async function provenDelivery(
  source: WebhookSource,
  delivery: Delivery,
  { secrets, keys, log }: IntakeDeps,
): Promise<ProvenDelivery | undefined> {
  const url = publicKeysUrl(source, delivery);
  const publicKeys = url === undefined ? undefined : await keys.read(url);
  const prove = (own: readonly string[]) => proveDelivery(source, own, delivery, publicKeys);
  const proof = await provenBy(source.name, secrets, prove);
  if (!proof) log.count('Unproven');
  return proof && { ...proof, body: delivery.body, readAtMs: delivery.nowMs };
}

/** What was told, with everything that is needed to keep it whole. */
export interface ProvenEvent {
  readonly source: SourceDeclaration;
  /** The event's id, where it is known before the event is read. */
  readonly eventId?: string | undefined;
  readonly read: () => SourceEvent;
  readonly contentHash: string;
  readonly record: () => Quarantined['record'];
}

/** Takes one event to its end, counts it, and says so in one line of the log. */
export async function take(proven: ProvenEvent, deps: IntakeDeps): Promise<Taken> {
  const { source, read } = proven;
  const event = judged(read, deps.log) ?? { kind: 'unreadable', eventId: proven.eventId, flaws: [weFailed] };
  const taken = await settle(proven, event, deps);
  deps.log.note('event', {
    source: source.name,
    kind: event.kind === 'change' ? event.change.kind : event.kind,
    outcome: taken,
  });
  deps.log.count(metrics[taken]);
  return taken;
}

async function settle(proven: ProvenEvent, event: SourceEvent, deps: IntakeDeps): Promise<Taken> {
  const { source, contentHash } = proven;
  switch (event.kind) {
    case 'nothing':
      return 'ignored';
    case 'change': {
      const taken = await commit({ source: source.name, eventId: event.eventId, contentHash }, event, deps);
      // A sender of the enterprise's own is told of it and can act. A vendor cannot: it would only send again, or stop sending.
      if (taken === 'conflicting' && source.kind !== 'generic')
        return quarantine(proven, event.eventId, [idIsTaken], deps);
      return typeof taken === 'object' ? quarantine(proven, event.eventId, [taken], deps) : taken;
    }
    case 'unreadable':
      return quarantine(proven, event.eventId ?? contentHash, event.flaws, deps);
  }
}

/** Why an event is not applied whose id was accepted before, with something else in it. */
export const idIsTaken: Flaw = { path: 'id', problem: 'was accepted before, with other contents' };
const otherKind: Flaw = {
  path: 'version',
  problem: 'is of another kind than before: a source keeps to times or to sequence numbers',
};
const tooLarge: Flaw = { path: '', problem: 'is, with what the other sources say, more than can be kept of a user' };
/** Why an event is not applied on which we fail by ourselves. */
const weFailed: Flaw = { path: '', problem: 'could not be taken: the function failed, and its log says where' };

/**
 * What is decided of an event without asking anybody; `undefined` where that fails. The sender would try again with the same event, fail
 * in the same way and give up. What a table, a secret or the network does is no part of it: then the sender has to come again.
 */
function judged<Result>(decide: () => Result, log: Log): Result | undefined {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    noteBug(log, error);
    return undefined;
  }
}

/** Its sender is proven and could do nothing about it. */
async function quarantine(
  { source, contentHash, record }: ProvenEvent,
  eventId: string,
  flaws: readonly Flaw[],
  { intake, quarantine: kept, clock }: IntakeDeps,
): Promise<'quarantined' | 'repeated'> {
  const item = {
    source: source.name,
    eventId,
    contentHash,
    arrivedAtMs: clock.now(),
    flaws,
    record: { ...record(), kind: source.kind },
  };
  // The mapping may have been another one when this event came first.
  if (await intake.isAccepted(item)) return 'repeated';
  return (await kept.keep(item, randomUUID())) === 'kept' ? 'quarantined' : 'repeated';
}

/** Commits one change of one user with its receipt; answers only after the commit, so that accepted means kept. */
export async function commit(
  { source, eventId, contentHash }: Receipt,
  { userId, change, asks }: Extract<SourceEvent, { kind: 'change' }>,
  { settings, links, intake, log }: IntakeDeps,
  from?: Quarantined,
): Promise<'accepted' | 'repeated' | 'conflicting' | Flaw> {
  const subject = { kind: 'user', userId } as const;
  const pk = linkKey(subject);
  return retryConflicts(async () => {
    const read = await links.read(pk);
    logAbout({ person: read?.pseudonym });
    const next = judged(() => {
      if (countsOtherwise(read && reportOf(read.reports, change.source), change)) return otherKind;
      const drafted = draft(subject, read, change, policyOf(settings));
      const drawn = asks ? untilRead(drafted, change) : drafted;
      return drawn.isNews && isTooLarge(drawn, change) ? tooLarge : drawn;
    }, log);
    if (!next || 'problem' in next) return next ?? weFailed;
    const news = next.isNews ? next : undefined;
    const mark = randomUUID();
    const line = read?.contactId === undefined ? 'new' : 'known';
    const taken = await intake.accept(
      { source, eventId, contentHash },
      { pk, read, news, from, asks: asks && { userId, shard: readShard(line, source, settings.sources) } },
      mark,
    );
    if (taken === 'accepted' && news) logAbout({ person: read?.pseudonym ?? mark });
    if (taken === 'accepted') noteUnknown(log, next.desired.unknown.map(shownKey));
    return taken;
  });
}
