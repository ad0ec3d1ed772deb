import { cancel, due, end, late, leave, open, schedule, send, start, take } from './crossings.ts';
import type { Scenario } from '../boundaries/encounters.ts';
import type { BroadcastAct } from './campaign.ts';
import type { CrowdName } from './crowd.ts';

const times = (count: number, what: string): string => Array.from({ length: count }, () => what).join(' ');

/** Who makes a broadcast for everyone reads whose the excepted contacts are, and then them all. */
const createdLater = `table:read-broadcast table:audience ${times(13, 'table:everyone')} table:create table:runs`;
const created = `${createdLater} table:counts`;
/** Two planning pages, and a batch on each. */
const planPage = `table:audience ${times(10, 'table:everyone')} table:plan-page`;
const planLast = `${times(3, 'table:everyone')} table:plan`;
const plan = `${planPage} ${planLast}`;
/** Two lanes side by side. */
const openBoth = `table:due ${times(2, 'table:read-batch')}`;
const claimBoth = times(2, 'table:claim');
const askBoth = times(2, 'maiagent:broadcast');
const sendBoth = `${claimBoth} ${askBoth} ${times(2, 'table:report')}`;
/** One lane after the other, each with a batch; there the last read of two comes first. */
const takeLast = 'table:read-run table:read-broadcast table:turn';
const sendOne = `table:read-batch ${send}`;
/** Looks for an unanswered batch: where the conversations tell at once, and where a later run has said the same to one of them since. */
const settle = (count: number): string => `${open} ${times(count, 'maiagent:conversations')} table:settle`;
const settleLater = `${open} ${times(2, 'maiagent:conversations')} maiagent:messages maiagent:conversations table:settle`;
/** A run ends, and its broadcast goes on. */
const endOne = 'table:counts table:end';
/** A firing with all that comes of it, as long as nothing goes wrong. */
const fired = `${start} ${take} ${plan} ${openBoth}`;
const contacts = `${times(3, 'table:by-contact')} table:audience`;

const forAll = { start: 'everyone' } as const;
/** One of those on the first page has never chatted, and so has no contact. */
const allSent = 'sent sent sent skipped sent sent';

const lengthOf = (crosses: string): number => crosses.split(' ').length;
/** How much is crossed before the second of two batches is claimed. */
const secondClaim = lengthOf(`${created} ${due} ${take} ${plan} table:read-pause ${openBoth} table:claim`);
/** The first firing of a broadcast that goes on, while MaiAgent is down. */
const firedInOutage = `${createdLater} ${schedule} table:due ${fired} ${claimBoth} ${askBoth} ${times(2, 'table:give-back')} ${leave}`;

/** Stories of broadcasts with several planning pages, several batches and several runs at once. */
export const batchScenarios: readonly Scenario<BroadcastAct, CrowdName>[] = [
  {
    name: 'for three contacts',
    start: 'three contacts',
    from: 'table:turn',
    acts: ['create-now', 'sweep'],
    crosses: `table:read-broadcast ${contacts} table:create table:runs table:counts ${due} ${take} ${contacts} table:plan ${open} ${send} ${end} table:due`,
    ends: 'done | finished sent sent sent',
  },
  {
    name: 'for everyone',
    ...forAll,
    acts: ['create-now', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${openBoth} ${sendBoth} ${end} table:due`,
    ends: `done | finished ${allSent}`,
  },
  {
    name: 'for everyone, one batch after the other',
    ...forAll,
    from: 'table:plan',
    ground: { order: 'last' },
    acts: ['create-now', 'sweep'],
    crosses: `${created} ${due} ${takeLast} ${plan} table:due ${sendOne} ${sendOne} ${end} table:due`,
    ends: `done | finished ${allSent}`,
  },
  {
    name: 'for everyone, with a page of nobody',
    from: 'table:plan-page',
    start: 'everyone, far apart',
    acts: ['create-now', 'sweep'],
    crosses: `table:read-broadcast table:audience ${times(23, 'table:everyone')} table:create table:runs table:counts ${due} ${take} ${planPage} ${times(10, 'table:everyone')} table:plan-nobody ${planLast} ${openBoth} ${sendBoth} ${end} table:due`,
    ends: `done | finished ${allSent}`,
  },
  {
    name: 'planned by two workers',
    ...forAll,
    from: 'table:leave',
    acts: ['create-now', 'sweep', 'sweep'],
    between: { before: 'table:plan-page', act: 'work-passes' },
    crosses: `${created} ${due} ${take} ${planPage} table:leave ${late} ${due} ${take} table:audience ${planLast} ${openBoth} ${sendBoth} ${end} table:due`,
    ends: `done | finished ${allSent}`,
  },
  {
    name: 'cancelled between two pages',
    ...forAll,
    from: 'table:plan',
    acts: ['create-now', 'sweep', 'sweep'],
    between: { before: 'table:plan', act: 'cancel' },
    crosses: `${created} ${due} ${take} ${plan} table:read-run ${open} table:end-recipients ${end} table:leave ${late} ${due} ${take} table:due ${endOne} table:due`,
    ends: 'cancelled | cancelled cancelled cancelled cancelled skipped',
  },
  {
    name: 'planned while links change',
    ...forAll,
    from: 'table:plan-page',
    acts: ['create-now', 'sweep'],
    between: { before: 'table:plan-page', act: 'change-links' },
    crosses: `${created} ${due} ${take} ${plan} ${openBoth} table:claim ${sendBoth} ${end} table:due`,
    ends: 'done | finished skipped skipped sent skipped sent sent',
  },
  {
    name: 'for links that change between plan and claim',
    ...forAll,
    from: 'table:claim',
    acts: ['create-now', 'sweep'],
    between: { before: 'table:claim', act: 'change-links' },
    crosses: `${created} ${due} ${take} ${plan} ${openBoth} ${claimBoth} ${sendBoth} ${end} table:due`,
    ends: 'done | finished skipped skipped sent skipped sent skipped',
  },
  {
    name: 'for links that change between two claims',
    ...forAll,
    from: 'table:claim',
    acts: ['create-now', 'sweep'],
    between: { before: secondClaim, act: 'change-links' },
    crosses: `${created} ${due} ${take} ${plan} ${openBoth} ${claimBoth} maiagent:broadcast table:claim table:report maiagent:broadcast table:report ${end} table:due`,
    ends: 'done | finished sent sent sent skipped sent skipped',
  },
  {
    name: 'cancelled between two claims',
    ...forAll,
    from: 'table:claim',
    acts: ['create-now', 'sweep', 'sweep'],
    between: { before: secondClaim, act: 'cancel' },
    crosses: `${created} ${due} ${take} ${plan} ${openBoth} ${claimBoth} maiagent:broadcast table:read-run table:report ${leave} ${late} ${due} ${take} ${open} table:end-recipients ${endOne} table:due`,
    ends: 'cancelled | cancelled sent sent sent skipped cancelled cancelled',
  },
  {
    name: 'answered for one batch of two',
    ...forAll,
    from: 'table:claim',
    acts: ['create-now', 'maiagent-silent-once', 'sweep', 'claim-passes', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${openBoth} ${claimBoth} ${askBoth} table:report ${leave} ${late} ${due} ${take} ${settle(3)} ${end} table:due`,
    ends: `done | finished ${allSent}`,
  },
  {
    name: 'held back by MaiAgent',
    ...forAll,
    from: 'table:claim',
    acts: ['create-now', 'maiagent-busy', 'sweep', 'maiagent-well', 'turn-passes', 'sweep'],
    crosses: `${created} ${due} ${take} ${plan} ${openBoth} ${claimBoth} ${askBoth} ${times(2, 'table:give-back')} ${leave} ${late} ${due} ${take} ${open} maiagent:list ${send} ${sendOne} ${end} table:due`,
    ends: `done | finished ${allSent}`,
  },
  {
    name: 'for links that change while one batch is unanswered',
    ...forAll,
    from: 'table:claim',
    ground: { order: 'last' },
    acts: ['create-now', 'maiagent-silent-once', 'sweep', 'claim-passes', 'sweep'],
    between: { before: 'maiagent:broadcast', act: 'change-links' },
    crosses: `${created} ${due} ${takeLast} ${plan} table:due table:read-batch table:claim maiagent:broadcast table:read-batch table:claim ${send} ${leave} ${late} ${due} ${takeLast} ${settle(2)} ${end} table:due`,
    ends: 'done | finished skipped skipped sent skipped sent sent',
  },
  {
    name: 'for a full batch and two more',
    start: 'two batches',
    from: 'table:plan',
    acts: ['create-now', 'sweep'],
    crosses: `table:read-broadcast table:audience table:create table:runs table:counts ${due} ${take} table:audience table:plan ${openBoth} ${sendBoth} ${end} table:due`,
    ends: `done | finished ${times(52, 'sent')}`,
  },
  {
    name: 'unanswered for a full batch',
    start: 'two batches',
    from: 'maiagent:broadcast',
    acts: ['create-now', 'maiagent-silent-once', 'sweep', 'claim-passes', 'sweep'],
    crosses: `table:read-broadcast table:audience table:create table:runs table:counts ${due} ${take} table:audience table:plan ${openBoth} ${claimBoth} ${askBoth} table:report ${leave} ${late} ${due} ${take} ${settle(50)} ${end} table:due`,
    ends: `done | finished ${times(52, 'sent')}`,
  },
  {
    name: 'fired again while a run is unanswered',
    ...forAll,
    from: 'table:claim',
    acts: ['create-rate', 'sweep', 'maiagent-silent-once', 'fire', 'change-links', 'fire', 'sweep'],
    crosses: `${createdLater} ${schedule} table:due ${fired} ${claimBoth} ${askBoth} table:report ${leave} ${fired} ${sendBoth} ${endOne} ${due} ${take} ${settleLater} ${endOne} table:due`,
    ends: `active | finished ${allSent} | finished sent skipped sent sent`,
  },
  {
    name: 'fired again before an outage is over',
    ...forAll,
    from: lengthOf(`${firedInOutage} ${fired}`),
    acts: ['create-rate', 'sweep', 'maiagent-down', 'fire', 'maiagent-well', 'fire', 'sweep'],
    // Its messages could be taken for those of the next run: its time is up.
    crosses: `${firedInOutage} ${fired} ${sendBoth} ${endOne} ${due} ${take} ${openBoth} table:expire table:expire table:read-batch table:read-run table:end-recipients table:read-batch table:end-recipients ${endOne} table:due`,
    ends: `active | expired skipped skipped skipped skipped skipped skipped | finished ${allSent}`,
  },
  {
    name: 'cancelled while one run is unanswered and the next one waits',
    ...forAll,
    from: 'table:cancel',
    acts: [
      'create-rate',
      'sweep',
      'maiagent-silent-once',
      'fire',
      'maiagent-down',
      'fire',
      'maiagent-well',
      'cancel',
      'sweep',
    ],
    crosses: `${createdLater} ${schedule} table:due ${fired} ${claimBoth} ${askBoth} table:report ${leave} ${fired} ${claimBoth} ${askBoth} ${times(2, 'table:give-back')} ${leave} ${cancel} ${times(2, 'table:counts')} table:due table:read-broadcast scheduler:remove table:unscheduled table:due ${take} ${settle(3)} ${endOne} ${take} ${openBoth} ${times(2, 'table:end-recipients')} ${endOne} table:due`,
    ends: `cancelled | cancelled ${allSent} | cancelled cancelled cancelled cancelled skipped cancelled cancelled`,
  },
];
