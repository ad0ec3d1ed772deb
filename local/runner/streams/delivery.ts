import type { InvocationResult } from '../lambda/environment.ts';

/** A record of a table's stream, as `GetRecords` answers it. */
export interface StreamRecord {
  readonly eventName: string;
  readonly dynamodb: {
    readonly SequenceNumber: string;
    readonly NewImage?: object;
    readonly OldImage?: object;
  };
}

/** How a mapping treats failures. */
export interface RetryRules {
  /** Whether the function names the records that failed (`ReportBatchItemFailures`). */
  readonly reportsFailures: boolean;
  /** Whether a batch that fails is halved (`BisectBatchOnFunctionError`). */
  readonly bisects: boolean;
  /** Retries after the first attempt; -1 for no end. */
  readonly retriesMax: number;
}

/** What delivery needs from outside. */
export interface DeliveryParts {
  readonly invoke: (records: readonly StreamRecord[]) => Promise<InvocationResult>;
  /** Waits before the next attempt; answers whether there shall be one. */
  readonly pause: (attempt: number) => Promise<boolean>;
  /** Takes what is given up, with the number of attempts. */
  readonly giveUp: (records: readonly StreamRecord[], attempts: number) => void;
}

/**
 * Delivers a batch in order until every record is done or given up (AWS, "Using AWS Lambda with Amazon DynamoDB",
 * "Reporting batch item failures"): what lies before the first record that failed is done, and the rest comes again. Stops
 * early only when `pause` says so.
 */
export async function deliver(
  batch: readonly StreamRecord[],
  rules: RetryRules,
  parts: DeliveryParts,
  attempt = 1,
): Promise<void> {
  if (batch.length === 0) return;
  const rest = remaining(batch, await parts.invoke(batch), rules.reportsFailures);
  if (rest.length === 0) return;
  if (rules.retriesMax >= 0 && attempt > rules.retriesMax) return parts.giveUp(rest, attempt);
  if (!(await parts.pause(attempt))) return;
  // Halving costs no attempt (AWS, BisectBatchOnFunctionError: "split batches do not count towards the retry quota").
  const half = Math.ceil(rest.length / 2);
  if (!rules.bisects || half === rest.length) return deliver(rest, rules, parts, attempt + 1);
  await deliver(rest.slice(0, half), rules, parts, attempt);
  await deliver(rest.slice(half), rules, parts, attempt);
}

/** The records that come again: from the first one that failed, or all of them where the answer makes no sense. */
function remaining(batch: readonly StreamRecord[], reply: InvocationResult, reportsFailures: boolean) {
  if (reply.kind !== 'answered') return batch;
  if (!reportsFailures) return [];
  const failures = failuresOf(reply.payload);
  const positions = failures?.map((number) => batch.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === number));
  if (!positions || positions.includes(-1)) return batch;
  return positions.length === 0 ? [] : batch.slice(Math.min(...positions));
}

/** The sequence numbers that the answer names; none for an empty answer, undefined for one that has another form. */
function failuresOf(payload: string): string[] | undefined {
  const answer = (JSON.parse(payload) ?? {}) as { batchItemFailures?: { itemIdentifier?: unknown }[] | null };
  const failures = answer.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return undefined;
  const numbers = failures.map((failure) => failure?.itemIdentifier);
  return numbers.every((one) => typeof one === 'string' && one !== '') ? (numbers as string[]) : undefined;
}
