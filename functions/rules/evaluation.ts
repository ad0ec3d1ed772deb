import type { ContactPolicy } from './contacts/desired.ts';
import { draft, isOfEarlierSettings, type Draft, type Link } from './contacts/link.ts';
import type { Change } from './contacts/reports.ts';
import { toEraseAgain } from './erasure/erasure.ts';
import { subjectOf } from './contacts/subject.ts';

/** The row after its evaluation under these settings; `undefined` where the contact stays. `sync` writes it, and a plan shows it. */
export function evaluated(link: Link, policy: ContactPolicy): Draft | undefined {
  // A function of an earlier deployment may have anonymised a contact behind the evaluation.
  if (!isOfEarlierSettings(link, policy) && toEraseAgain(link, false, policy).length === 0) return undefined;
  const next = draft(subjectOf(link.pk), link, undefined, policy);
  return next.isNews ? next : undefined;
}

/** The link as these settings make it, also before its evaluation is written: what they take away is nobody's loss by a change. */
export function asEvaluated(link: Link, policy: ContactPolicy): Link {
  const next = evaluated(link, policy);
  if (!next) return link;
  const { accountStatus, reports, desired } = next;
  return { ...link, accountStatus, reports, desired: desired.contact, desiredHash: desired.hash };
}

/** Whether by this change, and not by other settings, the person is shut out or may do less. */
export const losesBy = (change: Change, link: Link | undefined, policy: ContactPolicy): boolean =>
  link !== undefined && draft(subjectOf(link.pk), asEvaluated(link, policy), change, policy).urgency === 'urgent';

/**
 * How far the links of one segment of the table have been evaluated under the settings and the code of a deployment. A segment is gone
 * through twice. The second pass finds what functions of the earlier deployment, which may run on for a while, wrote behind the first
 * one.
 */
export interface Evaluation {
  /** The number of the deployment. */
  readonly deployment: number;
  readonly pass: 1 | 2;
  /** The key after which the pass goes on. Absent at its beginning. */
  readonly cursor?: string;
  readonly evaluated: number;
  readonly changed: number;
  /** Times in ms since 1970. */
  readonly startedAt: number;
  readonly progressedAt: number;
  readonly finishedAt?: number;
  /** Counts the writes of this row, so that of two workers at one page only one moves the cursor. */
  readonly revision: number;
}

/** The segments of the table, so that several invocations share the work. */
export const SEGMENTS = 8;

/**
 * How long after the first pass began the second one may begin. By then no call of a function of the earlier deployment can still be
 * running, because CloudFormation replaces the functions within minutes and a call ends within 15 minutes (AWS, "Lambda quotas").
 */
export const SECOND_PASS_AFTER_MS = 30 * 60_000;

/** `page`: evaluate one page from the cursor on. `wait`: the second pass begins later. `superseded`: a later deployment's settings count. */
export type EvaluationStep =
  | { readonly kind: 'page'; readonly from: Evaluation }
  | { readonly kind: 'wait' | 'finished' | 'superseded' };

/** Decides by the segment's row, by the number of this function's deployment and by the time. */
export function nextEvaluationStep(row: Evaluation | undefined, deployment: number, nowMs: number): EvaluationStep {
  if (!row || row.deployment < deployment) return { kind: 'page', from: begin(deployment, row?.revision ?? 0, nowMs) };
  if (row.deployment > deployment) return { kind: 'superseded' };
  if (row.finishedAt !== undefined) return { kind: 'finished' };
  const mayBegin = row.pass === 1 || row.cursor !== undefined || nowMs >= row.startedAt + SECOND_PASS_AFTER_MS;
  return mayBegin ? { kind: 'page', from: row } : { kind: 'wait' };
}

const begin = (deployment: number, revision: number, nowMs: number): Evaluation => ({
  deployment,
  pass: 1,
  evaluated: 0,
  changed: 0,
  startedAt: nowMs,
  progressedAt: nowMs,
  revision,
});

/** What came of one page. `next` is the key of its last item; absent after the last page of the segment. */
export interface EvaluatedPage {
  readonly next: string | undefined;
  readonly evaluated: number;
  readonly changed: number;
}

/** The segment's row after a page. */
export function afterPage(from: Evaluation, page: EvaluatedPage, nowMs: number): Evaluation {
  const { cursor: _, ...rest } = from;
  const counted = {
    ...rest,
    evaluated: from.evaluated + page.evaluated,
    changed: from.changed + page.changed,
    progressedAt: nowMs,
    revision: from.revision + 1,
  };
  if (page.next !== undefined) return { ...counted, cursor: page.next };
  return from.pass === 1 ? { ...counted, pass: 2 } : { ...counted, finishedAt: nowMs };
}
