import type { PlainRow } from '../boundaries.ts';
import type { Campaign } from './campaign.ts';
import type { Recipient } from './witness.ts';

const states = ['planned', 'claimed', 'sent', 'failed', 'skipped', 'cancelled', 'unknown'] as const;

/** A run with its ledger. */
interface SeenRun {
  readonly run: PlainRow;
  readonly batches: readonly PlainRow[];
  readonly tallies: readonly PlainRow[];
  readonly recipients: readonly Recipient[];
}

/** The runs of a broadcast as the table has them, the oldest first. */
function runsOf(campaign: Campaign): readonly SeenRun[] {
  const rows = campaign.rows();
  return rows
    .filter(({ pk, sk }) => pk.startsWith('broadcast#') && sk.startsWith('run#'))
    .map((run) => {
      const under = rows.filter(({ pk }) => pk === `run#${campaign.broadcastId}#${run.sk.slice('run#'.length)}`);
      const batches = under.filter(({ sk }) => sk.startsWith('batch#'));
      const { erased } = campaign.witness;
      const recipients = batches.flatMap(({ pk, sk, recipients: some }) =>
        (some as Recipient[]).map((one, index) => ({ ...erased.get(`${pk} ${sk} ${index}`), ...one })),
      );
      return { run, batches, tallies: under.filter(({ sk }) => sk.startsWith('tally#')), recipients };
    });
}

/** What the end of a story looks like, in a few words. */
export function endOf(campaign: Campaign): string {
  const runs = runsOf(campaign).map(
    ({ run, recipients }) => ` | ${[run.state, ...recipients.map(({ state }) => state)].join(' ')}`,
  );
  return `${campaign.row?.state}${runs.join('')}`;
}

/** At rest: everything that must hold of one broadcast (design §3 and §8), by MaiAgent's messages and the tables' rows. */
export function judgeBroadcast(campaign: Campaign): void {
  const broadcast = campaign.row;
  if (!broadcast) {
    if (campaign.isCreateAnswered || !campaign.mayBeRefused) campaign.accuse('there is no broadcast');
    return;
  }
  const runs = runsOf(campaign);
  for (const seen of runs) {
    judgeRun(seen, campaign);
    judgeLedger(seen, campaign);
    for (const recipient of seen.recipients) judgeRecipient(recipient, seen, campaign);
    judgeTallies(seen, campaign);
  }
  judgeMessages(runs, campaign);
  judgeBroadcastRow(broadcast, runs, campaign);
  judgeFirings(broadcast, runs, campaign);
}

function judgeRun({ run, batches, tallies, recipients }: SeenRun, campaign: Campaign): void {
  const { isCancelled } = campaign.witness;
  if (run.endedAtMs === undefined) campaign.accuse('a run has not ended');
  if (!['finished', 'cancelled', 'expired'].includes(String(run.state))) campaign.accuse(`a run ends as ${run.state}`);
  if (run.state === 'cancelled' && !isCancelled) campaign.accuse('a run is cancelled, and nobody cancelled');
  for (const row of [run, ...batches])
    if (row.dueAt !== undefined || row.leaseUntil !== undefined || row.claim !== undefined)
      campaign.accuse(`${row.sk.split('#')[0]} of an ended run has something left to do`);
  if ([run, ...batches, ...tallies].some((row) => row.expiresAt === undefined))
    campaign.accuse('a row would stay for ever');
  if (run.recipients !== recipients.length) campaign.accuse('the run counts other recipients than its ledger has');
}

/**
 * Everybody whom the audience names stands in the ledger, once; of everybody, whoever was active all the time; and nobody else. A plan
 * that was given up has nobody twice.
 */
function judgeLedger({ run, recipients }: SeenRun, campaign: Campaign): void {
  const { meant } = campaign.brief;
  const { history } = campaign.world;
  const { named } = meant;
  if (run.state === 'finished' && !run['isPlanned'])
    campaign.accuse('a run has finished that was not planned to its end');
  const isByContact = named !== undefined && !named[0]?.startsWith('user#');
  const listed = recipients.flatMap((one) => (isByContact ? one.contactId : one.pk) ?? []);
  if (new Set(listed).size < listed.length) campaign.accuse('somebody stands in the ledger twice');
  const wasActive = (pk: string): boolean =>
    history.since(pk, Number(run.startedAtMs)).every((standing) => standing?.accountStatus === 'active');
  const everybody = named ?? history.pks.filter((pk) => meant.isMeant(pk));
  const missing = everybody.filter((one) => !listed.includes(one) && (named !== undefined || wasActive(one)));
  // Of whoever was deleted the ledger has the state alone. Unless it was over before it was planned.
  const unnamed = missing.length - (recipients.length - listed.length);
  if (run['isPlanned'] === true && unnamed > 0) campaign.accuse(`${unnamed} are missing in the ledger`);
  if (listed.some((one) => !everybody.includes(one))) campaign.accuse("somebody in the ledger is nobody's recipient");
}

/** Whatever became of a recipient: it must have been so. */
function judgeRecipient(
  { pk, contactId = '', state, reason = '' }: Recipient,
  { run }: SeenRun,
  campaign: Campaign,
): void {
  const { witness, world } = campaign;
  const { history } = world;
  const { store } = world.maiAgent;
  const since = (key: string) => history.since(key, Number(run.startedAtMs));
  const standings = pk === undefined ? [] : since(pk);
  const wasClaimed = witness.claims.some(({ contactIds }) => contactIds.includes(contactId));
  const isGone = store.contact(contactId) === undefined;
  const alwaysHad = (key: string): boolean => since(key).every((one) => one?.contactId === contactId);
  const isRight: Record<string, boolean> = {
    sent: wasClaimed,
    'failed not_delivered': wasClaimed,
    'failed refused_by_maiagent': isGone || world.refused.has(contactId),
    // Whom only a contact names, which is another one's by now, has no key.
    'skipped not_found':
      pk === undefined ? !history.pks.some(alwaysHad) : standings.length === 0 || standings.includes(undefined),
    'skipped disabled': standings.some((one) => one?.accountStatus === 'disabled'),
    'skipped deleted': pk === undefined || standings.some((one) => one?.accountStatus === 'deleted'),
    'skipped no_contact': standings.some((one) => one?.accountStatus === 'active' && one.contactId === undefined),
    'skipped link_changed': standings.some((one) => one?.accountStatus === 'active' && one.contactId !== contactId),
    'skipped no_conversation': store.conversationsOf(contactId).length === 0,
    'skipped too_late': run.state === 'expired',
    cancelled: witness.isCancelled && run.state === 'cancelled',
    'unknown no_evidence': campaign.wasBlind || isGone,
    'unknown contact_gone': isGone,
  };
  const why = `${state} ${reason}`.trim();
  if (!isRight[why]) campaign.accuse(`a recipient is ${why}`);
  const wasTheirs = standings.some((one) => one?.contactId === contactId);
  if (pk !== undefined && contactId !== '' && !wasTheirs)
    campaign.accuse('a recipient has a contact that was never theirs');
}

/** The counts that everybody sees are the ledger's own. */
function judgeTallies({ recipients, tallies }: SeenRun, campaign: Campaign): void {
  for (const state of states) {
    const counted = tallies.reduce((sum, row) => sum + Number(row[state] ?? 0), 0);
    const real = recipients.filter((one) => one.state === state).length;
    if (counted !== real) campaign.accuse(`${counted} are counted as ${state}, and there are ${real}`);
  }
}

/** Whoever is `sent` has that very message, and nobody has another one. */
function judgeMessages(runs: readonly SeenRun[], campaign: Campaign): void {
  const { texts } = campaign.witness;
  const had = new Map<string, string[]>();
  for (const { contactId, messages } of campaign.world.maiAgent.store.conversations)
    for (const one of messages)
      if (one.type === 'outgoing' && texts.has(one.content))
        had.set(contactId, [...(had.get(contactId) ?? []), one.id]);
  const rows = runs.flatMap(({ recipients }) => recipients);
  for (const contactId of new Set([...had.keys(), ...rows.flatMap((one) => one.contactId ?? [])])) {
    const messages = had.get(contactId) ?? [];
    const own = rows.filter((one) => one.contactId === contactId);
    const evidence = own.flatMap(({ state, messageId }) => (state === 'sent' ? [messageId ?? ''] : []));
    const unknown = own.filter(({ state }) => state === 'unknown').length;
    if (own.length === 0) campaign.accuse('a stranger has the message');
    if (new Set(evidence).size < evidence.length) campaign.accuse('one message counts for two runs');
    if (evidence.some((id) => !messages.includes(id))) campaign.accuse('sent, and there is no message');
    if (messages.length > own.length) campaign.accuse('somebody has the message twice in a run');
    if (messages.length > evidence.length + unknown) campaign.accuse('a message is there, and the ledger denies it');
  }
}

function judgeBroadcastRow(broadcast: PlainRow, runs: readonly SeenRun[], campaign: Campaign): void {
  const { witness, world, isCancelAnswered, broadcastId = '' } = campaign;
  const state = String(broadcast.state);
  const kind = broadcast.schedule?.kind;
  if (broadcast.outstanding !== undefined) campaign.accuse(`EventBridge Scheduler is owed a ${broadcast.outstanding}`);
  if (witness.isCancelled !== (state === 'cancelled'))
    campaign.accuse(`the broadcast is ${state} after a cancel or without one`);
  if (isCancelAnswered && state !== 'cancelled') campaign.accuse('a cancel was answered and is forgotten');
  if (state === 'failed' && (runs.length > 0 || kind === 'now')) campaign.accuse('a broadcast failed that had a run');
  if (state === 'active') {
    if (kind !== 'rate') campaign.accuse('the broadcast is not over');
    if (!world.scheduler.has(broadcastId, broadcast['edition'])) campaign.accuse('an active broadcast has no schedule');
  } else if (broadcast.dueAt !== undefined || (broadcast.expiresAt === undefined && state !== 'paused'))
    campaign.accuse('a broadcast that is over has something left to do');
}

/**
 * One run for each firing that was heard while the broadcast was active, and none else: since the last edition began it was, if it is not
 * paused now. One that was given up has failed as missed.
 */
function judgeFirings(broadcast: PlainRow, runs: readonly SeenRun[], campaign: Campaign): void {
  const { firings, witness, brief } = campaign;
  const had = runs.map(({ run }) => Number(run.scheduledAtMs));
  const { latenessMinutes = Infinity } = brief;
  const isHeard = ({ occurrence: { atMs }, takenAtMs = Infinity }: Campaign['firings'][number]): boolean =>
    takenAtMs <= atMs + latenessMinutes * 60_000;
  const isCurrent = ({ occurrence: { event } }: Campaign['firings'][number]): boolean =>
    event.edition === broadcast['edition'] && broadcast.state !== 'paused';
  const heard = firings.filter((one) => isHeard(one) && isCurrent(one)).map(({ occurrence }) => occurrence.atMs);
  const isNow = broadcast.schedule?.kind === 'now';
  const due = isNow ? [Number(broadcast.createdAtMs)] : heard;
  const may = isNow ? due : firings.map(({ occurrence }) => occurrence.atMs);
  if (had.some((atMs) => !may.includes(atMs))) campaign.accuse('a run began without a firing');
  const isGivenUp = broadcast.state === 'failed' && String(broadcast.lastError).startsWith('missed ');
  if (!witness.isCancelled && !isGivenUp && due.some((atMs) => !had.includes(atMs)))
    campaign.accuse('a firing has no run');
}
