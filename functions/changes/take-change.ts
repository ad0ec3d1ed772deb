import { randomUUID } from 'node:crypto';
import type { DynamoDBRecord } from 'aws-lambda';
import { policyOf, type Settings } from '../env.ts';
import type { Clock } from '../io/clock.ts';
import type { Intake, Quarantined, Receipt } from '../io/aws/intake.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import type { Log } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import type { PublicKeys } from '../io/public-keys.ts';
import type { Secret } from '../io/aws/secrets.ts';
import type { Flaw } from '../rules/failure.ts';
import { draft, isTooLarge } from '../rules/contacts/link.ts';
import { plainItem } from '../rules/sources/plain-item.ts';
import { countsOtherwise, type Change } from '../rules/contacts/reports.ts';
import {
  readDelivery,
  publicKeysUrl,
  type Delivery,
  type SourceDeclaration,
  type SourceEvent,
} from '../rules/sources/source.ts';
import { readRecord } from '../rules/sources/table.ts';
import { eventIdOf, unreadable } from '../rules/sources/source-event.ts';
import { linkKey } from '../rules/contacts/subject.ts';

/** What the intake works with. It has no way to MaiAgent. */
export interface IntakeDeps {
  readonly settings: Settings;
  readonly links: LinkTable;
  readonly intake: Intake;
  /** `{"<source>": ["<secret>", …]}` */
  readonly secrets: Secret;
  readonly keys: PublicKeys;
  readonly clock: Clock;
  readonly log: Log;
}

/** How an event ended. Everything but `unproven` is committed, or needs no commit. */
export type Taken = 'accepted' | 'repeated' | 'conflicting' | 'ignored' | 'quarantined' | 'unproven';

const metrics: Record<Taken, string> = {
  accepted: 'Accepted',
  repeated: 'Repeated',
  conflicting: 'ConflictingRepeats',
  ignored: 'Ignored',
  quarantined: 'Quarantined',
  unproven: 'Unproven',
};

/** What a webhook tells, judged by the source's own protocol and secrets. A secret that was just added is found by asking once more. */
export async function eventOfWebhook(
  source: SourceDeclaration,
  delivery: Delivery,
  deps: IntakeDeps,
): Promise<SourceEvent> {
  const url = publicKeysUrl(source);
  const keys = url === undefined ? undefined : await deps.keys.read(url);
  const judge = (secrets: string): Promise<SourceEvent> =>
    readDelivery(source, secretsFor(source.name, secrets), delivery, keys);
  const known = await deps.secrets.read();
  const event = await judge(known);
  if (event.kind !== 'unproven') return event;
  const fresh = await deps.secrets.readAgain(known);
  return fresh === known ? event : judge(fresh);
}

/** Anything but a list of texts is no secret: every delivery is then unproven. */
function secretsFor(name: string, text: string): string[] {
  try {
    const all = JSON.parse(text || '{}') as Record<string, unknown> | null;
    const own = all !== null && Object.hasOwn(all, name) ? all[name] : [];
    return Array.isArray(own) ? own.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** What a record of a user table's stream tells. Never throws for anything that is in the record. */
export function eventOfRecord(
  source: TableSource,
  { eventID, eventName, dynamodb }: DynamoDBRecord,
  nowMs: number,
): SourceEvent {
  const { Keys, NewImage, OldImage, SequenceNumber: sequenceNumber } = dynamodb ?? {};
  const written = [Keys, NewImage, OldImage];
  const items = written.map((item) => plainItem(item));
  if (items.some((item, at) => item === undefined && written[at] !== undefined))
    return unreadable(eventIdOf(eventID), 'dynamodb', "is not of DynamoDB's form");
  const [keys, newImage, oldImage] = items;
  return readRecord(source, { eventId: eventID, eventName, sequenceNumber, keys, newImage, oldImage }, nowMs);
}

export type TableSource = Extract<SourceDeclaration, { kind: 'table' }>;

/** What was told, with everything that is needed to keep it whole. */
export interface ProvenEvent {
  readonly source: SourceDeclaration;
  readonly event: SourceEvent;
  readonly contentHash: string;
  readonly record: () => Quarantined['record'];
  /** True where it stands in the quarantine already, with its time of arrival: it is not written there again. */
  readonly isKept?: boolean;
}

/** Takes one event to its end and counts it. */
export async function take(proven: ProvenEvent, deps: IntakeDeps): Promise<Taken> {
  const taken = await settle(proven, deps);
  deps.log.count(metrics[taken]);
  return taken;
}

async function settle(proven: ProvenEvent, deps: IntakeDeps): Promise<Taken> {
  const { source, event, contentHash } = proven;
  switch (event.kind) {
    case 'unproven':
      return 'unproven';
    case 'nothing':
    case 'hint':
      return 'ignored';
    case 'change': {
      const receipt = { source: source.name, eventId: event.eventId, contentHash };
      const taken = await commit(receipt, event.userId, event.change, deps);
      return typeof taken === 'object' ? quarantine(proven, event.eventId, [taken], deps) : taken;
    }
    case 'unreadable':
      return quarantine(proven, event.eventId ?? contentHash, event.flaws, deps);
  }
}

const otherKind: Flaw = {
  path: 'version',
  problem: 'is of another kind than before: a source keeps to times or to sequence numbers',
};
const tooLarge: Flaw = { path: '', problem: 'is, with what the other sources say, more than can be kept of a user' };

/** Its sender is proven and could do nothing about it. */
async function quarantine(
  { source, record, isKept }: ProvenEvent,
  eventId: string,
  flaws: readonly Flaw[],
  { intake, clock }: IntakeDeps,
): Promise<'quarantined'> {
  const item = { source: source.name, eventId, arrivedAtMs: clock.now(), flaws };
  if (!isKept) await intake.quarantine({ ...item, record: record() });
  return 'quarantined';
}

/** Commits one change of one user with its receipt; answers only after the commit, so that accepted means kept. */
async function commit(
  receipt: Receipt,
  userId: string,
  change: Change,
  { settings, links, intake }: IntakeDeps,
): Promise<'accepted' | 'repeated' | 'conflicting' | Flaw> {
  const subject = { kind: 'user', userId } as const;
  const pk = linkKey(subject);
  return retryConflicts(async () => {
    const link = await links.read(pk);
    if (countsOtherwise(link?.reports[change.source], change)) return otherKind;
    const next = draft(subject, link, change, policyOf(settings));
    if (next.isNews && isTooLarge(next, change)) return tooLarge;
    return intake.accept(receipt, pk, link, next.isNews ? next : undefined, randomUUID());
  });
}
