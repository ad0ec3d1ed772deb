import { rowsUnder, type PlainRow } from './ground.ts';
import type { BroadcastStory } from './story.ts';

interface Recipient {
  readonly pk?: string;
  readonly contactId?: string;
  readonly state: string;
  readonly reason?: string;
  readonly messageId?: string;
}

const states = ['planned', 'claimed', 'sent', 'failed', 'skipped', 'cancelled', 'unknown'] as const;

/** A run with its ledger. */
export interface SeenRun {
  readonly run: PlainRow;
  readonly batches: readonly PlainRow[];
  readonly tallies: readonly PlainRow[];
  readonly recipients: readonly Recipient[];
}

/** The runs of a story's broadcast as the table has them, the oldest first. */
export async function runsOf(story: BroadcastStory): Promise<readonly SeenRun[]> {
  const runs = (await story.rows()).filter(({ pk, sk }) => pk.startsWith('broadcast#') && sk.startsWith('run#'));
  return Promise.all(
    runs.map(async (run) => {
      const under = await rowsUnder(`run#${story.broadcastId}#${run.sk.slice('run#'.length)}`, story.ground);
      const batches = under.filter(({ sk }) => sk.startsWith('batch#'));
      const recipients = batches.flatMap((batch) => batch.recipients as Recipient[]);
      return { run, batches, tallies: under.filter(({ sk }) => sk.startsWith('tally#')), recipients };
    }),
  );
}

/** What the end of a story looks like, in a few words. */
export async function endOf(story: BroadcastStory): Promise<string> {
  const broadcast = (await story.rows()).find(({ sk }) => sk === 'broadcast');
  const runs = (await runsOf(story)).map(
    ({ run, recipients }) => ` | ${[run.state, ...recipients.map(({ state }) => state)].join(' ')}`,
  );
  return `${broadcast?.state}${runs.join('')}`;
}

/** After the faults: everything that must hold of one broadcast (design §3 and §8), by MaiAgent's messages and the tables' rows. */
export async function judgeBroadcast(story: BroadcastStory): Promise<void> {
  const { witness } = story;
  const accuse = (accusation: string): void => witness.accuse(accusation);
  const broadcast = (await story.rows()).find(({ sk }) => sk === 'broadcast');
  if (!broadcast) return accuse('there is no broadcast');
  const runs = await runsOf(story);
  for (const seen of runs) {
    judgeRun(seen, story, accuse);
    judgeTallies(seen, accuse);
  }
  judgeMessages(runs, story, accuse);
  judgeBroadcastRow(broadcast, runs, story, accuse);
  judgeFirings(broadcast, runs, story, accuse);
}

type Accuse = (accusation: string) => void;

function judgeRun({ run, batches, tallies, recipients }: SeenRun, story: BroadcastStory, accuse: Accuse): void {
  const { witness, mood, crowd } = story;
  if (run.endedAtMs === undefined) accuse('a run has not ended');
  if (!['finished', 'cancelled', 'expired'].includes(String(run.state))) accuse(`a run ends as ${run.state}`);
  if (run.state === 'cancelled' && !witness.isCancelled) accuse('a run is cancelled, and nobody cancelled');
  for (const row of [run, ...batches])
    if (row.dueAt !== undefined || row.leaseUntil !== undefined || row.claim !== undefined)
      accuse(`${row.sk.split('#')[0]} of an ended run has something left to do`);
  if ([run, ...batches, ...tallies].some((row) => row.expiresAt === undefined)) accuse('a row would stay for ever');
  if (run.recipients !== recipients.length) accuse('the run counts other recipients than its ledger has');
  judgeLedger(run, recipients, story, accuse);
  for (const one of recipients) {
    const wasClaimed = witness.claims.some(({ contactIds }) => contactIds.includes(one.contactId ?? ''));
    const why = `${one.state} ${one.reason ?? ''}`.trim();
    const isRight: Record<string, boolean> = {
      sent: wasClaimed,
      'failed not_delivered': wasClaimed,
      'failed refused_by_maiagent': mood.refused !== undefined && one.contactId === mood.refused,
      [`skipped ${witness.changedLinks.get(one.contactId ?? '')}`]: true,
      'skipped not_found': one.pk === undefined && witness.changedLinks.get(one.contactId ?? '') === 'link_changed',
      'skipped no_contact': crowd.unbound.includes(one.pk ?? ''),
      'skipped too_late': run.state === 'expired',
      cancelled: witness.isCancelled && run.state === 'cancelled',
      'unknown no_evidence': mood.wasBlind,
    };
    if (!isRight[why]) accuse(`a recipient is ${why}`);
  }
}

/** A plan that was made to its end has everybody once, one that was given up has nobody twice, and neither has anybody else. */
function judgeLedger(
  { isPlanned, state }: PlainRow,
  recipients: readonly Recipient[],
  { crowd, witness }: BroadcastStory,
  accuse: Accuse,
): void {
  if (state === 'finished' && !isPlanned) accuse('a run has finished that was not planned to its end');
  const contactsOf = new Map<string, readonly (string | undefined)[]>(crowd.contactsOf);
  for (const pk of crowd.unbound) contactsOf.set(pk, [undefined]);
  // Whom only a contact names, which is another one's by now, has no key.
  const ownerOf = ({ pk, contactId }: Recipient) =>
    pk ?? [...contactsOf].find(([, contactIds]) => contactIds.includes(contactId))?.[0] ?? '';
  for (const one of recipients)
    if (!contactsOf.get(ownerOf(one))?.includes(one.contactId)) accuse('the ledger has somebody who is no recipient');
  for (const [pk, [contactId = '']] of contactsOf) {
    const times = recipients.filter((one) => ownerOf(one) === pk).length;
    const hasLeft = ['disabled', 'deleted'].includes(witness.changedLinks.get(contactId) ?? '');
    const mayBeAbsent = isPlanned !== true || (crowd.isEveryone && hasLeft);
    if (times > 1 || (times === 0 && !mayBeAbsent)) accuse('the ledger has not each recipient once');
  }
}

/** The counts that everybody sees are the ledger's own. */
function judgeTallies({ recipients, tallies }: SeenRun, accuse: Accuse): void {
  for (const state of states) {
    const counted = tallies.reduce((sum, row) => sum + Number(row[state] ?? 0), 0);
    const real = recipients.filter((one) => one.state === state).length;
    if (counted !== real) accuse(`${counted} are counted as ${state}, and there are ${real}`);
  }
}

/** Whoever is `sent` has that very message, and nobody has another one. */
function judgeMessages(runs: readonly SeenRun[], story: BroadcastStory, accuse: Accuse): void {
  const { store } = story.ground.emulator;
  for (const contactId of story.crowd.contactIds) {
    const messages = store
      .conversationsOf(contactId)
      .flatMap((one) => one.messages)
      .filter(({ type, content }) => type === 'outgoing' && content === story.message);
    const rows = runs.flatMap(({ recipients }) => recipients.filter((one) => one.contactId === contactId));
    const evidence = rows.flatMap(({ state, messageId }) => (state === 'sent' ? [messageId] : []));
    const unknown = rows.filter(({ state }) => state === 'unknown').length;
    const twice = evidence.filter((id, index) => evidence.indexOf(id) !== index);
    if (twice.length > 0) accuse('one message counts for two runs');
    if (evidence.some((id) => messages.every((message) => message.id !== id))) accuse('sent, and there is no message');
    if (messages.length > rows.length) accuse('somebody has the message twice in a run');
    if (messages.length > evidence.length + unknown) accuse('a message is there, and the ledger denies it');
  }
  const strangers = store.conversations.filter(
    ({ contactId, messages }) =>
      !story.crowd.contactIds.includes(contactId) && messages.some(({ content }) => content === story.message),
  );
  if (strangers.length > 0) accuse('a stranger has the message');
}

function judgeBroadcastRow(
  broadcast: PlainRow,
  runs: readonly SeenRun[],
  { witness, scheduler, isCancelAnswered, broadcastId = '' }: BroadcastStory,
  accuse: Accuse,
): void {
  const state = String(broadcast.state);
  const kind = broadcast.schedule?.kind;
  if (broadcast.outstanding !== undefined) accuse(`EventBridge Scheduler is owed a ${broadcast.outstanding}`);
  if (witness.isCancelled !== (state === 'cancelled'))
    accuse(`the broadcast is ${state} after a cancel or without one`);
  if (isCancelAnswered && state !== 'cancelled') accuse('a cancel was answered and is forgotten');
  if (state === 'failed' && (runs.length > 0 || kind === 'now')) accuse('a broadcast failed that had a run');
  if (state === 'active') {
    if (kind !== 'rate') accuse('the broadcast is not over');
    if (!scheduler.has(broadcastId)) accuse('an active broadcast has no schedule');
  } else if (broadcast.dueAt !== undefined || broadcast.expiresAt === undefined)
    accuse('a broadcast that is over has something left to do');
}

/** One run for each firing that was heard while the broadcast was active, and none else. One that was given up has failed as missed. */
function judgeFirings(
  broadcast: PlainRow,
  runs: readonly SeenRun[],
  { firings, witness }: BroadcastStory,
  accuse: Accuse,
): void {
  const kind = broadcast.schedule?.kind;
  const due = kind === 'now' ? [Number(broadcast.createdAtMs)] : firings.map(({ atMs }) => atMs);
  const had = runs.map(({ run }) => Number(run.scheduledAtMs));
  if (had.some((atMs) => !due.includes(atMs))) accuse('a run began without a firing');
  const isGivenUp = broadcast.state === 'failed' && String(broadcast['lastError']).startsWith('missed ');
  if (!witness.isCancelled && !isGivenUp && due.some((atMs) => !had.includes(atMs))) accuse('a firing has no run');
}
