import type { DynamoDBRecord } from 'aws-lambda';
import type { Quarantined } from '../io/aws/intake.ts';
import { hashOf } from '../rules/canonical.ts';
import { restoreDelivery, contentHashOf } from '../rules/sources/kept-delivery.ts';
import type { SourceDeclaration } from '../rules/sources/source.ts';
import { take, eventOfRecord, eventOfWebhook, type ProvenEvent, type IntakeDeps } from './take-change.ts';

/** An operator's wish to try again what is quarantined. */
export interface Redrive {
  readonly redrive: true;
  /** Only this source's records. */
  readonly source?: string;
  /** Counts what is there and touches nothing. */
  readonly dryRun?: boolean;
}

export interface Redriven {
  readonly found: number;
  readonly redriven: number;
  readonly left: number;
}

/**
 * Puts what was quarantined through the ordinary intake again; what can be understood by now leaves the quarantine, after it was
 * taken. Harmless to repeat: the receipt of a record that was taken before says so.
 */
export async function redrive({ source: only, dryRun = false }: Redrive, deps: IntakeDeps): Promise<Redriven> {
  let [found, redriven] = [0, 0];
  for await (const item of deps.intake.quarantined()) {
    if (only !== undefined && item.source !== only) continue;
    found += 1;
    const source = deps.settings.sources.find(({ name }) => name === item.source);
    if (dryRun || !source) continue;
    const event = await eventAgain(source, item, deps);
    if (event.event.kind === 'unreadable' || event.event.kind === 'unproven') continue;
    if ((await take(event, deps)) === 'quarantined') continue;
    await deps.intake.release(item);
    redriven += 1;
  }
  return { found, redriven, left: found - redriven };
}

/** The event as it was, read with what is known now. */
async function eventAgain(
  source: SourceDeclaration,
  { record, arrivedAtMs }: Quarantined,
  deps: IntakeDeps,
): Promise<ProvenEvent> {
  const nowMs = deps.clock.now();
  if (source.kind === 'table') {
    const stored = JSON.parse(record['json'] ?? '{}') as DynamoDBRecord;
    return {
      source,
      event: eventOfRecord(source, stored, nowMs),
      contentHash: hashOf(stored.dynamodb),
      record: () => record,
      isKept: true,
    };
  }
  const delivery = restoreDelivery(record, arrivedAtMs, nowMs);
  const event = await eventOfWebhook(source, delivery, deps);
  return { source, event, contentHash: contentHashOf(delivery.body), record: () => record, isKept: true };
}
