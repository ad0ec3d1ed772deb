import { SECOND_PASS_AFTER_MS } from '../../functions/rules/evaluation.ts';
import type { Lane } from '../../functions/rules/lane.ts';
import { terminalText } from '../commands/terminal-text.ts';
import { LATE_MS, type Around, type Progress, type Status, type Waiting } from './status.ts';

/** What many people wait for at once takes longer. */
const BULK_LATE_MS = 3 * 3_600_000;

const at = (ms: number): string => new Date(ms).toISOString();

/** What a person has to do; nothing where all is well. */
export function todoOf(status: Status, nowMs: number, { broadcasts, stores, givenUp }: Partial<Around> = {}): string[] {
  const { lanes, quarantined, readings, erasing, evaluation, pausedUntil } = status;
  const isLate = ({ earliest }: Waiting, lateMs = LATE_MS): boolean => earliest !== null && earliest < nowMs - lateMs;
  const see = (alarm: string): string => `docs/operations.md, ${alarm}`;
  return [
    ...(isLate(lanes.urgent) || isLate(lanes.first)
      ? [`changes have waited for more than 15 minutes: ${see('OldestDue')}`]
      : []),
    ...(isLate(lanes.losses, BULK_LATE_MS)
      ? [
          'losses by other settings have waited for more than three hours: docs/operations.md, Settings that set the pace',
        ]
      : []),
    ...(isLate(readings)
      ? [`users have waited for their reading for more than 15 minutes: ${see('ReadsOverdue')}`]
      : []),
    ...(isLate(erasing, BULK_LATE_MS)
      ? ['records of deleted people have waited for more than three hours: the log of sync says why']
      : []),
    ...(lanes.last.count > 0 ? [`${amount(lanes.last)} links fail again and again: ${see('Stuck')}`] : []),
    ...(quarantined.count > 0
      ? [`${amount(quarantined)} records are in quarantine: contact-bridge quarantine list`]
      : []),
    ...(givenUp
      ? [`${givenUp} batches that a stream gave up lie in the bucket: contact-bridge quarantine replay`]
      : []),
    ...(evaluation?.isDue && evaluation.progressedAt < nowMs - LATE_MS
      ? [`the evaluation under the last settings stands still: ${see('EvaluationStalled')}`]
      : []),
    ...(broadcasts && (broadcasts.late > 0 || isLate(broadcasts.running) || isLate(broadcasts.scheduled))
      ? [`broadcasts are late, or nobody works on them: ${see('LateRuns')}`]
      : []),
    ...(stores?.stopped ?? []).map((source) =>
      terminalText(`the full reading of ${source} waits for a word: contact-bridge full-read ${source}`),
    ),
    ...(stores && stores.overdueGroups > 0
      ? [`a group of a directory has not reached its members for 15 minutes: ${see('MembershipsOverdue')}`]
      : []),
    ...(pausedUntil === null
      ? []
      : [`MaiAgent is down or asked for a pause, until ${at(pausedUntil)}: nothing to do unless it stays`]),
  ];
}

const shown: Readonly<Record<Lane, string>> = {
  urgent: 'disables and losses of single people',
  first: 'other changes of single people',
  losses: 'losses by other settings',
  gains: 'gains by other settings',
  again: 'failed, tried again',
  last: 'failed four times and more',
};

/** One screen for people: whether all is well, and the figures behind it. */
export function statusLines(status: Status, nowMs: number, around?: Around): string[] {
  const todo = todoOf(status, nowMs, around);
  const { lanes, stuck, failures, quarantined, evaluation } = status;
  const outstanding = (Object.keys(shown) as Lane[]).filter((lane) => lanes[lane].count > 0);
  return [
    todo.length === 0 ? 'healthy' : 'TO DO',
    ...todo.map((one) => `  ${one}`),
    'outstanding',
    ...(outstanding.length === 0 ? ['  nothing'] : outstanding.map((lane) => laneLine(lane, lanes[lane]))),
    ...stuck.map(({ pk, attempts, lastError }) => terminalText(`    ${pk}  ${attempts} attempts, ${lastError}`)),
    ...(failures.length === 0 ? [] : ['why it failed last']),
    ...failures.map(({ reason, count }) => terminalText(`  ${count} ${reason}`)),
    ...(around ? aroundLines(around) : []),
    'settings',
    `  ${evaluation ? progressLine(evaluation) : 'no link has been evaluated yet'}`,
    'quarantine',
    `  ${quarantined.count === 0 ? 'empty' : `${amount(quarantined)} records`}`,
    ...(around ? [`  ${around.givenUp ?? 'not known how many'} batches in the bucket`] : []),
  ];
}

function aroundLines({ broadcasts, log }: Around): string[] {
  const next = (waiting: Waiting): string =>
    waiting.earliest === null ? '' : `, the next due ${at(waiting.earliest)}`;
  const { scheduled, running } = broadcasts ?? {};
  return [
    'broadcasts',
    ...(scheduled && running
      ? [`  ${amount(scheduled)} scheduled${next(scheduled)}`, `  ${amount(running)} runs under way${next(running)}`]
      : ['  not known']),
    'stores, in the last day',
    ...(log?.sources.map(({ source, lastEventAt }) =>
      terminalText(`  ${source}  ${lastEventAt === null ? 'no event' : `last event ${at(lastEventAt)}`}`),
    ) ?? ['  not known']),
    'edits at MaiAgent, in the last day',
    log
      ? `  ${log.audits.drifted} found in ${log.audits.audited} contacts, by ${log.audits.count} audits`
      : '  not known',
  ];
}

const amount = ({ count, isMore }: Waiting): string => (isMore ? `more than ${count - 1}` : String(count));

function laneLine(lane: Lane, waiting: Waiting): string {
  const when = lane === 'again' || lane === 'last' ? 'next attempt' : 'since';
  return `  ${amount(waiting)} ${shown[lane]}${waiting.earliest === null ? '' : `, ${when} ${at(waiting.earliest)}`}`;
}

function progressLine({ deployment, segmentsLeft, evaluated, changed, since, progressedAt, isDue }: Progress): string {
  const counts = `${evaluated} evaluated in two passes, ${changed} changed, since ${at(since)}`;
  if (segmentsLeft === 0) return `of deployment ${deployment} have reached every link: ${counts}`;
  const next = isDue
    ? `last progress ${at(progressedAt)}`
    : `the second pass begins at ${at(since + SECOND_PASS_AFTER_MS)}`;
  return `of deployment ${deployment}: ${segmentsLeft} of 8 segments are left, ${counts}; ${next}`;
}
