import { randomUUID } from 'node:crypto';
import type { DynamoDBRecord } from 'aws-lambda';
import { policyOf, type Settings } from '../env.ts';
import type { Clock } from '../io/clock.ts';
import type { Intake, Quarantined, Receipt } from '../io/aws/intake.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import type { Log } from '../io/log.ts';
import type { PublicKeys } from '../io/public-keys.ts';
import type { Secret } from '../io/aws/secrets.ts';
import { Unavailable, type Flaw } from '../rules/failure.ts';
import { draft, isTooLarge } from '../rules/contacts/link.ts';
import { plainItem } from '../rules/sources/plain-item.ts';
import { countsOtherwise, type Change } from '../rules/contacts/reports.ts';
import { hearDelivery, publicKeysUrl, type Delivery, type SourceDeclaration, type Told } from '../rules/sources/source.ts';
import { hearRecord } from '../rules/sources/table.ts';
import { eventIdOf, unreadable } from '../rules/sources/source-event.ts';
import { linkKey } from '../rules/contacts/subject.ts';

/** What the intake works with. It has no way to MaiAgent. */
export interface IntakeParts {
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

/** Writers that collide on one row read it again; so often in a row means that something else is wrong. */
const ROUNDS_MAX = 20;

/** What a webhook tells, judged by the source's own protocol and secrets. A secret that was just added is found by asking once more. */
export async function toldByWebhook(source: SourceDeclaration, delivery: Delivery, parts: IntakeParts): Promise<Told> {
  const url = publicKeysUrl(source);
  const keys = url === undefined ? undefined : await parts.keys.read(url);
  const judge = (secrets: string): Promise<Told> =>
    hearDelivery(source, secretsFor(source.name, secrets), delivery, keys);
  const known = await parts.secrets.read();
  const told = await judge(known);
  if (told.told !== 'unproven') return told;
  const fresh = await parts.secrets.readAgain(known);
  return fresh === known ? told : judge(fresh);
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
export function toldByRecord(
  source: TableSource,
  { eventID, eventName, dynamodb }: DynamoDBRecord,
  nowMs: number,
): Told {
  const { Keys, NewImage, OldImage, SequenceNumber: sequenceNumber } = dynamodb ?? {};
  const written = [Keys, NewImage, OldImage];
  const items = written.map((item) => plainItem(item));
  if (items.some((item, at) => item === undefined && written[at] !== undefined))
    return unreadable(eventIdOf(eventID), 'dynamodb', "is not of DynamoDB's form");
  const [keys, newImage, oldImage] = items;
  return hearRecord(source, { eventId: eventID, eventName, sequenceNumber, keys, newImage, oldImage }, nowMs);
}

export type TableSource = Extract<SourceDeclaration, { kind: 'table' }>;

/** What was told, with everything that is needed to keep it whole. */
export interface Event {
  readonly source: SourceDeclaration;
  readonly told: Told;
  readonly contentHash: string;
  readonly record: () => Quarantined['record'];
  /** True where it stands in the quarantine already, with its time of arrival: it is not written there again. */
  readonly isKept?: boolean;
}

/** Takes one event to its end and counts it. */
export async function take(event: Event, parts: IntakeParts): Promise<Taken> {
  const taken = await settle(event, parts);
  parts.log.count(metrics[taken]);
  return taken;
}

async function settle(event: Event, parts: IntakeParts): Promise<Taken> {
  const { source, told, contentHash } = event;
  switch (told.told) {
    case 'unproven':
      return 'unproven';
    case 'nothing':
    case 'touch':
      return 'ignored';
    case 'change': {
      const receipt = { source: source.name, eventId: told.eventId, contentHash };
      const taken = await commit(receipt, told.userId, told.change, parts);
      return typeof taken === 'object' ? quarantine(event, told.eventId, [taken], parts) : taken;
    }
    case 'unreadable':
      return quarantine(event, told.eventId ?? contentHash, told.flaws, parts);
  }
}

const otherKind: Flaw = {
  path: 'version',
  problem: 'is of another kind than before: a source keeps to times or to sequence numbers',
};
const tooLarge: Flaw = { path: '', problem: 'is, with what the other sources say, more than can be kept of a user' };

/** Its sender is proven and could do nothing about it. */
async function quarantine(
  { source, record, isKept }: Event,
  eventId: string,
  flaws: readonly Flaw[],
  { intake, clock }: IntakeParts,
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
  { settings, links, intake }: IntakeParts,
): Promise<'accepted' | 'repeated' | 'conflicting' | Flaw> {
  const subject = { kind: 'user', userId } as const;
  const pk = linkKey(subject);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const link = await links.read(pk);
    if (countsOtherwise(link?.said[change.source], change)) return otherKind;
    const next = draft(subject, link, change, policyOf(settings));
    if (next.isNews && isTooLarge(next, change)) return tooLarge;
    const accepted = await intake.accept(receipt, pk, link, next.isNews ? next : undefined, randomUUID());
    if (accepted !== 'moved') return accepted;
  }
  throw new Unavailable('link_contended');
}
