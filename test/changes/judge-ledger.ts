import { contentHashOf, recordIdOf } from '../../functions/rules/sources/kept-delivery.ts';

/** One delivery of the source `generic`, and what its sender was answered. */
export interface JudgedDelivery {
  readonly id: string;
  readonly body: string;
  /** Whether its type is one that the bridge takes. */
  readonly isOurs: boolean;
  /** The outcome of each answer with a 2xx. */
  readonly answers: readonly string[];
}

/** A row of the table `Links`, as far as the ledger needs it. */
export interface LedgerRow {
  readonly pk: string;
  readonly contentHash?: string;
  readonly closedAs?: string;
  readonly why?: string;
  readonly record?: unknown;
}

export type Fate = 'applied' | 'ignored' | 'in quarantine' | 'discarded';

/**
 * Whether accepted = applied + repeated + ignored + quarantined + discarded: every delivery that was answered with a 2xx has exactly one
 * fate, told by the rows alone, and no answer counts it a second time. `discarded` are the records that a person took out.
 */
export function judgeLedger<Delivery extends JudgedDelivery>(
  deliveries: readonly Delivery[],
  all: readonly LedgerRow[],
  discarded: ReadonlySet<string>,
): { fates: Map<Delivery, Fate>; wrong: string[] } {
  const rows = new Map(all.map((row) => [row.pk, row]));
  const fates = new Map<Delivery, Fate>();
  const wrong: string[] = [];
  for (const delivery of deliveries) {
    const { id, answers } = delivery;
    if (answers.length === 0) continue;
    const { record, isApplied } = standingOf(delivery, rows);
    const fate = fateOf(delivery, record, isApplied, discarded);
    if (fate === undefined) wrong.push(`${id}, answered ${answers.join(', ')}, is nowhere`);
    else fates.set(delivery, fate);
    for (const once of ['accepted', 'quarantined'])
      if (answers.filter((answer) => answer === once).length > 1) wrong.push(`${id} was ${once} twice`);
    if (record?.closedAs === 'accepted' && !isApplied) wrong.push(`${id} left the quarantine unapplied`);
    if (record && record.closedAs === undefined && isApplied) wrong.push(`${id} is applied and still there`);
    if (record?.closedAs !== undefined && record.record !== undefined) wrong.push(`${id} left its contents`);
  }
  return { fates, wrong };
}

/** The name of the record that a delivery has when it is quarantined. */
export function recordOf({ id, body }: Pick<JudgedDelivery, 'id' | 'body'>): string {
  const contentHash = contentHashOf({ kind: 'generic' }, Buffer.from(body));
  return recordIdOf({ source: 'generic', eventId: id, contentHash });
}

function standingOf(delivery: JudgedDelivery, rows: ReadonlyMap<string, LedgerRow>) {
  const contentHash = contentHashOf({ kind: 'generic' }, Buffer.from(delivery.body));
  return {
    record: rows.get(`quarantined#${recordOf(delivery)}`),
    isApplied: rows.get(`event#generic#${delivery.id}`)?.contentHash === contentHash,
  };
}

function fateOf(
  delivery: JudgedDelivery,
  record: LedgerRow | undefined,
  isApplied: boolean,
  discarded: ReadonlySet<string>,
): Fate | undefined {
  if (isApplied) return 'applied';
  if (!delivery.isOurs) return 'ignored';
  if (record === undefined) return undefined;
  if (record.closedAs === undefined) return record.record === undefined ? undefined : 'in quarantine';
  const isDiscarded = record.closedAs === 'discarded' && record.why !== undefined;
  return isDiscarded && discarded.has(recordOf(delivery)) ? 'discarded' : undefined;
}
