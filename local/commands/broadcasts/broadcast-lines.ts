import { type Broadcast, type Listed, type Preview, recipientStates, type Run } from '../bridge-operations.ts';
import { namedLine as row, terminalText } from '../terminal-text.ts';

/** Enough of a message to know it again in a list. */
const excerptLength = 60;

const reasons: Readonly<Record<keyof Preview['excluded'], string>> = {
  disabled: 'disabled',
  deleted: 'deleted',
  no_contact: 'without a contact',
  not_found: 'not found',
};

/** Who would really get it, who would not and why, and how long it would take. */
export function previewLines(preview: Preview): string[] {
  const { recipients, excluded, conversations, calls, seconds, audienceHash, isWhole, warnings, nextAt } = preview;
  const left = Object.entries(reasons)
    .map(([reason, text]) => [excluded[reason as keyof typeof excluded], text] as const)
    .filter(([count]) => count > 0)
    .map(([count, text]) => `${count} ${text}`);
  const { have, none, unknown, asOf } = conversations;
  const silent = none === 0 ? [] : [`${none} without a conversation, whom MaiAgent does not write to`];
  return [
    row('gets it', `${have} of ${recipients}${isWhole ? '' : ' and more: not all were counted'}`),
    row('does not', [...silent, ...left].join(', ') || 'nobody'),
    ...(unknown === 0 ? [] : [row('not known', `${unknown} at whom nobody has looked yet: some of them may get it`)]),
    ...(asOf === null ? [] : [row('as of', `${asOf} and later: some of it is remembered`)]),
    row('takes', `about ${durationOf(seconds)}, in ${calls} ${calls === 1 ? 'call' : 'calls'} to MaiAgent`),
    row('when', nextAt ?? 'at once'),
    ...(audienceHash === null ? [row('note', 'who is reached is decided when the run begins')] : []),
    ...warnings.map(warningLine),
  ];
}

/** A broadcast with its runs, a row for each fact. */
export function broadcastLines(broadcast: Broadcast): string[] {
  const { broadcastId, state, message, createdAt, nextAt, lastError, latenessMinutes, warnings, runs } = broadcast;
  return [
    row('broadcast', broadcastId),
    row('state', state),
    row('message', message),
    row('audience', audienceText(broadcast.audience)),
    row('schedule', `${scheduleText(broadcast)}, at most ${latenessMinutes} minutes late`),
    row('created', createdAt),
    ...(nextAt === null ? [] : [row('next', nextAt)]),
    ...(lastError === null ? [] : [row('last error', lastError)]),
    ...warnings.map(warningLine),
    ...runs.map((run) => row('run', runText(run))),
    ...runs
      .slice(0, 1)
      .flatMap((run) => hardlyReached(run) ?? [])
      .map((text) => row('warning', text)),
  ];
}

/** A broadcast on one line of the list. */
export function listedLine(listed: Listed): string {
  const { createdAt, broadcastId, state, nextAt, message } = listed;
  const next = nextAt === null ? '' : ` (next ${nextAt})`;
  return terminalText(`${createdAt}  ${broadcastId}  ${state}  ${scheduleText(listed)}${next}  ${excerptOf(message)}`);
}

/** Cut between what a reader takes for characters, never inside one. */
function excerptOf(message: string): string {
  const characters = Array.from(new Intl.Segmenter().segment(message), ({ segment }) => segment);
  return characters.length > excerptLength ? `${characters.slice(0, excerptLength - 1).join('')}…` : message;
}

/** One run: when, in which state, and how far. */
export function runText(run: Run): string {
  const speed = run.perMinute && !isOver(run) ? `, ${Math.round(run.perMinute)} a minute` : '';
  return terminalText(`${run.scheduledAt}  ${run.state}: ${countsText(run)}${speed}`);
}

/** How many recipients are in which state; the three by which a run is judged always, the others where there are any. */
export function countsText({ state, counts, recipients, isPlanned }: Run): string {
  const shown = recipientStates.filter((one) => ['sent', 'failed', 'unknown'].includes(one) || counts[one] > 0);
  const isCut = state === 'cancelled' && !isPlanned;
  const planned = `${recipients}${isCut ? ' planned by then' : isPlanned ? '' : ' so far'}`;
  return `${settled({ counts })} of ${planned}, ${shown.map((one) => `${one} ${counts[one]}`).join(', ')}`;
}

/** How many recipients have their final state. */
export function settled({ counts }: Pick<Run, 'counts'>): number {
  return counts.sent + counts.failed + counts.skipped + counts.cancelled + counts.unknown;
}

/** Whether nothing more is sent in this run. */
export function isOver({ state }: Pick<Run, 'state'>): boolean {
  return state === 'finished' || state === 'cancelled' || state === 'expired';
}

/** Why the message of a finished run came to hardly anybody, to fewer than one in ten; undefined where it did not. */
export function hardlyReached({ state, recipients, counts }: Run): string | undefined {
  if (state !== 'finished' || counts.sent * 10 >= recipients) return undefined;
  return `hardly anybody got it: ${counts.sent} of ${recipients}; the report says why of each`;
}

/** A time that people can picture. */
export function durationOf(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} minutes` : `${(seconds / 3_600).toFixed(1)} hours`;
}

function warningLine({ local, change }: Preview['warnings'][number]): string {
  if (change === 'skipped') return row('warning', `${local} is left out: the clocks skip it`);
  return row('warning', `${local} comes twice, and is kept once: the first time`);
}

/** Every part that some schedule has. */
type AnySchedule = { kind: string } & { [Part in 'at' | 'cron' | 'rate' | 'timeZone' | 'end']?: string | undefined };

function scheduleText({ schedule }: Pick<Listed, 'schedule'>): string {
  const { kind, at, cron, rate, timeZone, end }: AnySchedule = schedule;
  const [time, zone] = [at ?? cron ?? rate ?? '', timeZone ? ` ${timeZone}` : ''];
  return [kind, time].filter((part) => part !== '').join(' ') + zone + (end ? ` until ${end}` : '');
}

function audienceText(audience: Broadcast['audience']): string {
  const { kind, except, where } = audience;
  const ids = kind === 'users' ? audience.userIds : kind === 'contacts' ? audience.contactIds : undefined;
  const narrowing = { ...(except !== undefined && { except }), ...(where !== undefined && { where }) };
  const narrowed = Object.keys(narrowing).length > 0 ? `, ${JSON.stringify(narrowing)}` : '';
  return `${ids ? `${ids.length} ` : ''}${kind}${narrowed}`;
}
