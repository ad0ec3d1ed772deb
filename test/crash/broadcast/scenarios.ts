import type { BroadcastCase } from './crash-case.ts';
import {
  cancel,
  created,
  createdLater,
  due,
  end,
  late,
  leave,
  open,
  plan,
  schedule,
  send,
  start,
  take,
} from './crossings.ts';

/**
 * A story of one broadcast, the boundaries that it crosses when nothing goes wrong, and how it ends then. A job that makes one call
 * more, or another one, fails here: the new boundary is to be looked at, named in `boundary.ts` and written down, and is then struck
 * like the others.
 */
export interface BroadcastScenario extends Pick<BroadcastCase, 'acts' | 'between' | 'crowd' | 'lanes'> {
  readonly name: string;
  /** The boundary, or the number of the crossing, from which on it is attacked, where what comes before is attacked in another story. */
  readonly from?: string | number;
  readonly crosses: string;
  readonly ends: string;
}

export const broadcastScenarios: readonly BroadcastScenario[] = [
  {
    name: 'sent now',
    acts: ['create-now', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${open} ${send} ${end} table:due`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'sent now, woken by the stream',
    acts: ['create-now', 'wake'],
    crosses: `${created} ${take} ${plan} ${open} ${send} ${end}`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'scheduled',
    acts: ['create-at', 'sweep', 'fire'],
    crosses: `${createdLater} ${schedule} table:due ${start} ${take} ${plan} ${open} ${send} ${end}`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'scheduled and fired twice',
    acts: ['create-at', 'wake', 'fire', 'fire-again'],
    crosses: `${createdLater} table:read-broadcast scheduler:make table:scheduled ${start} ${take} ${plan} ${open} ${send} ${end} table:read-broadcast scheduler:remove`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'repeated',
    acts: ['create-rate', 'sweep', 'fire', 'fire'],
    crosses: `${createdLater} ${schedule} table:due ${start} ${take} ${plan} ${open} ${send} table:counts table:end ${start} ${take} ${plan} ${open} ${send} table:counts table:end`,
    ends: 'active | finished sent sent sent | finished sent sent sent',
  },
  {
    name: 'fired too late',
    acts: ['create-at', 'sweep', 'fire-late', 'claim-passes', 'claim-passes', 'claim-passes', 'sweep'],
    crosses: `${createdLater} ${schedule} table:due ${start} table:read-broadcast table:read-run table:due table:read-broadcast table:runs table:over ${due}`,
    ends: 'done | expired',
  },
  {
    name: 'never fired',
    acts: [
      'create-at',
      'sweep',
      'lose-firing',
      'claim-passes',
      'claim-passes',
      'claim-passes',
      'sweep',
      'hours-pass',
      'sweep',
    ],
    crosses: `${createdLater} ${schedule} ${due} table:read-broadcast table:missed ${due} table:due table:read-broadcast table:runs table:over ${due}`,
    ends: 'failed',
  },
  {
    name: 'cancelled at once',
    acts: ['create-now', 'cancel', 'sweep'],
    crosses: `${created} ${cancel} table:counts ${due} ${take} table:due table:counts table:end table:due`,
    ends: 'cancelled | cancelled',
  },
  {
    name: 'cancelled before it is scheduled',
    acts: ['create-at', 'cancel', 'sweep'],
    crosses: `${createdLater} ${cancel} table:due table:read-broadcast scheduler:remove table:unscheduled ${due}`,
    ends: 'cancelled',
  },
  {
    name: 'cancelled before it fires',
    acts: ['create-at', 'sweep', 'cancel', 'sweep'],
    crosses: `${createdLater} ${schedule} table:due ${cancel} table:due table:read-broadcast scheduler:remove table:unscheduled ${due}`,
    ends: 'cancelled',
  },
  {
    name: 'cancelled while it is planned',
    acts: ['create-now', 'sweep', 'sweep'],
    between: { before: 'table:plan', act: 'cancel' },
    crosses: `${created} ${due} ${take} ${plan} table:read-run table:due ${end} table:leave ${late} ${due} ${take} table:due table:counts table:end table:due`,
    ends: 'cancelled | cancelled',
  },
  {
    name: 'cancelled between plan and claim',
    acts: ['create-now', 'sweep', 'sweep'],
    between: { before: 'table:claim', act: 'cancel' },
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim table:read-run ${leave} ${late} ${due} ${take} ${open} table:end-recipients table:counts table:end table:due`,
    ends: 'cancelled | cancelled cancelled cancelled cancelled',
  },
  {
    name: 'cancelled between claim and answer',
    acts: ['create-now', 'sweep', 'sweep'],
    between: { before: 'maiagent:broadcast', act: 'cancel' },
    crosses: `${created} ${due} ${take} ${plan} ${open} ${send} ${end} table:leave ${late} ${due} ${take} table:due table:counts table:end table:due`,
    ends: 'cancelled | cancelled sent sent sent',
  },
  {
    name: 'cancelled before the answer is kept',
    acts: ['create-now', 'sweep', 'sweep'],
    between: { before: 'table:report', act: 'cancel' },
    crosses: `${created} ${due} ${take} ${plan} ${open} ${send} ${end} table:leave ${late} ${due} ${take} table:due table:counts table:end table:due`,
    ends: 'cancelled | cancelled sent sent sent',
  },
  {
    name: 'cancelled when it is over',
    acts: ['create-now', 'sweep', 'cancel'],
    crosses: `${created} ${due} ${take} ${plan} ${open} ${send} ${end} table:due table:read-broadcast table:runs`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'disabled while it is planned',
    acts: ['create-now', 'sweep'],
    between: { before: 'table:plan', act: 'disable' },
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim ${send} ${end} table:due`,
    ends: 'done | finished skipped sent sent',
  },
  {
    name: 'disabled between claim and answer',
    acts: ['create-now', 'sweep'],
    between: { before: 'maiagent:broadcast', act: 'disable' },
    crosses: `${created} ${due} ${take} ${plan} ${open} ${send} ${end} table:due`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'answer lost',
    acts: ['create-now', 'maiagent-silent', 'sweep', 'maiagent-well', 'chat', 'claim-passes', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim maiagent:broadcast ${leave} ${late} ${due} ${take} ${open} maiagent:conversations maiagent:messages maiagent:conversations maiagent:conversations table:settle ${end} table:due`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'request lost',
    acts: ['create-now', 'maiagent-deaf', 'sweep', 'maiagent-well', 'chat', 'claim-passes', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim maiagent:broadcast ${leave} ${late} ${due} ${take} ${open} maiagent:conversations maiagent:messages maiagent:conversations maiagent:messages maiagent:conversations maiagent:messages table:settle ${end} table:due`,
    ends: 'done | finished failed failed failed',
  },
  {
    name: 'answer lost, conversations unreadable',
    acts: [
      'create-now',
      'maiagent-silent',
      'sweep',
      'maiagent-blind',
      'claim-passes',
      'sweep',
      'maiagent-well',
      'claim-passes',
      'sweep',
    ],
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim maiagent:broadcast ${leave} ${late} ${due} ${take} ${open} maiagent:conversations maiagent:conversations maiagent:conversations maiagent:list table:settle ${leave} ${late} ${due} ${take} ${open} maiagent:conversations maiagent:conversations maiagent:conversations table:settle ${end} table:due`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'one contact refused',
    acts: ['create-now', 'maiagent-picky', 'end-run'],
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim maiagent:broadcast table:give-back ${leave} ${late} ${due} ${take} ${open} table:claim maiagent:broadcast table:give-back ${leave} ${late} ${due} ${take} ${open} table:claim maiagent:broadcast table:give-back ${leave} ${late} ${due} ${take} ${open} table:claim maiagent:broadcast table:give-back ${leave} ${late} ${due} ${take} ${open} table:claim maiagent:broadcast table:give-back ${leave} ${late} ${due} ${take} ${open} ${send} ${end} table:due`,
    ends: 'done | finished sent failed sent',
  },
  {
    name: 'MaiAgent down',
    acts: ['create-now', 'maiagent-down', 'sweep', 'maiagent-well', 'turn-passes', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim maiagent:broadcast table:give-back ${leave} ${late} ${due} ${take} ${open} ${send} ${end} table:due`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'MaiAgent busy',
    acts: ['create-now', 'maiagent-busy', 'sweep', 'maiagent-well', 'turn-passes', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim maiagent:broadcast table:give-back ${leave} ${late} ${due} ${take} ${open} maiagent:list ${send} ${end} table:due`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'MaiAgent down for too long',
    acts: ['create-now', 'maiagent-down', 'sweep', 'hours-pass', 'maiagent-well', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${open} table:claim maiagent:broadcast table:give-back ${leave} ${late} ${due} ${take} ${open} table:expire table:read-batch table:end-recipients ${end} table:due`,
    ends: 'done | expired skipped skipped skipped',
  },
  {
    name: 'looked at',
    acts: ['create-now', 'preview', 'sweep', 'show', 'recipients', 'list'],
    crosses: `${created} table:audience maiagent:latest maiagent:latest maiagent:latest ${due} ${take} ${plan} ${open} ${send} ${end} table:due table:read-broadcast table:runs table:counts table:read-broadcast table:runs table:batches table:list table:list`,
    ends: 'done | finished sent sent sent',
  },
];

/** The part of a story that is a case. */
export function storyOf({ name: _name, crosses: _crosses, ends: _ends, from: _from, ...story }: BroadcastScenario) {
  return story;
}

/** So many reads of one kind in a row are attacked at their beginning and at their end: the others are like these. */
const EDGE = 2;

/** The numbers of the crossings at which a story is attacked. */
export function attackedIn({ from }: BroadcastScenario, crossed: readonly string[]): readonly number[] {
  const first = typeof from === 'string' ? crossed.indexOf(from) : (from ?? 0);
  return crossed.flatMap((boundary, at) => {
    const around = crossed.slice(Math.max(0, at - EDGE), at + EDGE + 1);
    const isLikeOthers = around.length > 2 * EDGE && around.every((one) => one === boundary);
    return at < first || isLikeOthers ? [] : [at];
  });
}
