import type { BroadcastStory } from '../../crash/broadcast/story.ts';
import { judgeBroadcast, runsOf, type SeenRun } from '../../crash/broadcast/verdict.ts';
import type { Stage } from '../stage.ts';
import type { LinkHistory } from './link-history.ts';
import type { SimulatedBroadcast } from './simulated-broadcast.ts';
import type { SimulatedScheduler } from './simulated-scheduler.ts';

/** What the verdict is given by. */
export interface Grounds {
  readonly stage: Stage;
  readonly scheduler: SimulatedScheduler;
  readonly history: LinkHistory;
}

type Recipient = SeenRun['recipients'][number] & { readonly pk?: string };

/** What the crash tests judge by the few changes that they make to links and contacts: here everybody may change at any time. */
const ofCrashTests = /^(the ledger has |a recipient is (skipped|unknown|failed refused_by_maiagent))/;

/** At rest: everything that must hold of one broadcast, by MaiAgent's messages and the tables' rows. */
export async function judgeSimulatedBroadcast(broadcast: SimulatedBroadcast, grounds: Grounds): Promise<void> {
  const { witness } = broadcast;
  if (broadcast.broadcastId === undefined) {
    if (broadcast.isCreateAnswered) witness.accuse('a broadcast was answered, and there is none');
    return;
  }
  const asStory = asInCrashTests(broadcast, grounds);
  const runs = await runsOf(asStory);
  const hasRun = (atMs: number): boolean => runs.some(({ run }) => run.scheduledAtMs === atMs);
  const contactIds = new Set(runs.flatMap(({ recipients }) => recipients.flatMap(({ contactId }) => contactId ?? [])));
  const crowd = { contactIds: [...contactIds], contactsOf: new Map(), unbound: [], isEveryone: false };
  const latenessMs = broadcast.plot.latenessMinutes * 60_000;
  const firings = broadcast.firings.taken(latenessMs, hasRun);
  await judgeBroadcast(Object.assign(asStory, { crowd, firings }));
  for (const seen of runs) {
    judgeCompleteness(seen, broadcast, grounds);
    for (const one of seen.recipients) judgeRecipient(one, seen, broadcast, grounds);
  }
}

/** The broadcast for the crash tests' verdict, which uses no more of it than is here. */
function asInCrashTests(broadcast: SimulatedBroadcast, { stage, scheduler }: Grounds): BroadcastStory {
  const { witness, message, broadcastId, isCancelAnswered } = broadcast;
  const accuse = (accusation: string): void => {
    if (!ofCrashTests.test(accusation)) witness.accuse(accusation);
  };
  return {
    ground: stage.ground,
    rows: async () => broadcast.rows(),
    witness: { accuse, claims: witness.claims, changedLinks: witness.changedLinks, isCancelled: witness.isCancelled },
    mood: { refused: undefined, wasBlind: false },
    message,
    scheduler,
    broadcastId,
    isCancelAnswered,
  } as unknown as BroadcastStory;
}

/** Everybody whom the audience names stands in the ledger, once; of everybody, whoever was there all the time; and nobody else. */
function judgeCompleteness({ run, recipients }: SeenRun, broadcast: SimulatedBroadcast, { history }: Grounds): void {
  const { named, witness, plot } = broadcast;
  const isByContact = named !== undefined && !named[0]?.startsWith('user#');
  const listed = (recipients as readonly Recipient[]).map((one) => (isByContact ? one.contactId : one.pk) ?? '');
  if (new Set(listed).size < listed.length) witness.accuse('somebody stands in the ledger twice');
  const isExpected = (pk: string): boolean => {
    const standings = history.since(pk, Number(run.startedAtMs));
    return standings.length === 1 && standings[0]?.accountStatus === 'active' && standings[0].contactId !== undefined;
  };
  const missing = (named ?? history.pks.filter(isExpected)).filter((one) => !listed.includes(one));
  const strangers = listed.filter((one) => !(named ?? history.pks).includes(one));
  // Unless it was over before it was planned.
  if (run['isPlanned'] === true && missing.length > 0)
    witness.accuse(`${missing.length} of ${plot.audience} are missing in the ledger`);
  if (strangers.length > 0) witness.accuse(`${strangers.length} in the ledger are nobody's recipients`);
}

/** Whoever was skipped, refused or never found out about: it must have been so. */
function judgeRecipient(
  { pk, contactId = '', state, reason = '' }: Recipient,
  { run }: SeenRun,
  { witness }: SimulatedBroadcast,
  { stage, history }: Grounds,
): void {
  const { store } = stage.world;
  const standings = pk === undefined ? [] : history.since(pk, Number(run.startedAtMs));
  const isGone = store.contact(contactId) === undefined;
  const isRight: Record<string, boolean> = {
    'skipped not_found': pk === undefined || standings.includes(undefined) || standings.length === 0,
    'skipped disabled': standings.some((one) => one?.accountStatus === 'disabled'),
    'skipped deleted': standings.some((one) => one?.accountStatus === 'deleted'),
    'skipped no_contact': standings.some((one) => one?.accountStatus === 'active' && one.contactId === undefined),
    'skipped link_changed': standings.some((one) => one?.accountStatus === 'active' && one.contactId !== contactId),
    'skipped no_conversation': store.conversationsOf(contactId).length === 0,
    'skipped too_late': run.state === 'expired',
    'failed refused_by_maiagent': isGone || stage.refused.has(contactId),
    'unknown no_evidence': isGone,
  };
  const why = `${state} ${reason}`.trim();
  if (ofCrashTests.test(`a recipient is ${why}`) && !isRight[why]) witness.accuse(`a recipient is ${why}`);
}
