import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { syncEnv, syncIntervalMs, policyOf, type Settings } from './env.ts';
import { dynamoDb, secretsManager } from './io/aws/clients.ts';
import { systemClock } from './io/clock.ts';
import { httpSender, type HttpSend } from './io/https.ts';
import { DynamoLinkTable } from './io/aws/link-table.ts';
import { DynamoEvaluations } from './io/aws/evaluations.ts';
import { DynamoErasures } from './io/aws/erasures.ts';
import { DynamoQuarantine } from './io/aws/quarantine.ts';
import { DynamoBroadcastTable } from './io/broadcasts/broadcast-table.ts';
import { jsonLog, logAbout, logApart, noteOperator, type Log } from './io/log.ts';
import { DynamoDueLinks } from './io/aws/due-links.ts';
import { Health } from './io/maiagent/health.ts';
import { paced } from './io/maiagent/pace.ts';
import { SharedPause, type Pause } from './io/maiagent/pause.ts';
import { lambda } from './lambda.ts';
import { maiAgent } from './io/maiagent/connect.ts';
import { compare, mend, putRight, type Compare, type Compared, type Mend } from './contacts/audit-contacts.ts';
import { eraseRecords, type EraseDeps } from './contacts/erase-records.ts';
import { evaluateApart, reevaluate, type ReevaluateDeps } from './contacts/reevaluate.ts';
import { serveLinks } from './contacts/serve-links.ts';
import { Unavailable } from './rules/failure.ts';
import { conversedOf } from './rules/broadcasts/conversed.ts';
import { isClean, isLeased, type Link } from './rules/contacts/link.ts';
import type { Contact } from './rules/maiagent/contact-search.ts';
import { differenceOf, isQuiet, type Difference, type Listed, type Mended } from './rules/maiagent/difference.ts';
import type { Outcome } from './rules/maiagent/outcome.ts';

/** What wakes the job: the table's stream as a hint, a sweep every minute, an audit every hour, an operator's wish. */
export type SyncEvent = DynamoDBStreamEvent | { readonly sweep: true } | { readonly audit: true } | Compare | Mend;
type SyncAnswer = DynamoDBBatchResponse | Listed | Compared | Mended;

export interface SyncDeps extends ReevaluateDeps, EraseDeps {
  readonly settings: Settings;
  readonly outstanding: DynamoDueLinks;
  readonly pause: Pause;
}

/** A sweep ends before the next one begins, and before Lambda would end it in the middle of a request. */
const SWEEP_MS_MAX = 40_000;
const QUARANTINE_COUNT_MAX = 1_000;
const HOUR_MS = 3_600_000;

/** The job `sync`: brings each due contact to its desired state, each link under its lease, and finds drift (design §7). */
export function sync(deps: SyncDeps): (event: SyncEvent) => Promise<SyncAnswer> {
  const { outstanding, clock, settings } = deps;
  const serve = (pks: AsyncIterable<string>): Promise<void> =>
    serveLinks(pks, clock.elapsed() + SWEEP_MS_MAX, settings, deps);
  return async (event) => {
    noteWish(event, deps.log);
    if ('compare' in event) return inBulk(() => compare(event, policyOf(settings), deps), deps);
    if ('mend' in event) return inBulk(() => mend(event, deps), deps);
    if ('audit' in event) await audit(deps);
    else if ('sweep' in event) {
      await report(deps);
      // These ask only the tables, so they cost the links that are served nothing of MaiAgent's rate.
      const until = clock.elapsed() + SWEEP_MS_MAX;
      const policy = policyOf(settings);
      const { visitorDays } = settings;
      const ofTables = [reevaluate(until, policy, deps), eraseRecords(until, { policy, visitorDays }, deps)];
      await Promise.all([serve(outstanding.due(clock.now())), ...ofTables]);
    } else await serve(keysIn(event));
    // The stream is only a hint. A link that could not be served stays due, and a sweep finds it.
    return { batchItemFailures: [] };
  };
}

/** The line of the audit trail; what only compares needs none. */
function noteWish(event: SyncEvent & { readonly operator?: unknown }, log: Log): void {
  if ('mend' in event) noteOperator(log, 'mend', event.operator, { contacts: event.mend.length });
}

/** Nobody waits for what an operator asks: while MaiAgent wants a pause it comes again, and where it fails the pause is everybody's. */
async function inBulk<Answer>(work: () => Promise<Answer>, { pause }: SyncDeps): Promise<Answer> {
  if (!(await pause.mayBegin())) throw new Unavailable('maiagent_busy');
  return work().catch(async (error: unknown) => {
    await pause.isMaiAgentUp();
    throw error;
  });
}

async function* keysIn({ Records }: DynamoDBStreamEvent): AsyncGenerator<string> {
  yield* new Set(Records.flatMap(({ dynamodb }) => dynamodb?.Keys?.['pk']?.S ?? []));
}

/** Reports the metrics of the alarms, once a minute. */
async function report({ outstanding, clock, log }: SyncDeps): Promise<void> {
  const [oldest, quarantined] = await Promise.all([
    outstanding.oldestDueAt(clock.now()),
    outstanding.quarantined(QUARANTINE_COUNT_MAX),
  ]);
  log.count('OldestDueSeconds', oldest === undefined ? 0 : Math.max(0, Math.round((clock.now() - oldest) / 1000)));
  log.count('QuarantinedNow', quarantined);
}

/** Reads a share of all contacts, which follows from the hour, and marks those that differ: MaiAgent reports no edits in its console. */
async function audit(deps: SyncDeps): Promise<void> {
  const { outstanding, clock, log, pause, settings } = deps;
  const mayBegin = await pause.mayBegin();
  const health = new Health(pause);
  const shares = settings.auditDays * 24;
  const until = clock.elapsed() + SWEEP_MS_MAX;
  const share = Math.floor(clock.now() / HOUR_MS) % shares;
  // An audit that does not take place is reported like one that was cut short.
  let [audited, drifted, isWhole] = [0, 0, mayBegin];
  const quiet: Link[] = [];
  for await (const link of mayBegin ? outstanding.share(share, shares) : []) {
    isWhole = clock.elapsed() < until && !health.isDown;
    if (!isWhole) break;
    // Whatever its row says, a contact is compared with what it should be under these settings.
    if (await evaluateApart(link, policyOf(settings), deps)) continue;
    const differences: Difference[] = [];
    for (const contactId of contactsOf(link, clock.now())) {
      audited += 1;
      const read = await logApart(() => {
        logAbout({ person: link.pseudonym });
        return deps.contacts.retrieve(contactId, until);
      });
      differences.push(...differenceIn(read, link, contactId, deps.contacts.inboxId));
      if (read.kind === 'done' && contactId === link.contactId && !conversedOf(link)?.has) quiet.push(link);
      await health.note(read.kind === 'done' ? 'well' : isBusy(read) ? 'busy' : 'failed');
    }
    if (differences.length > 0 && (await putRight(link, differences, deps)) === undefined) drifted += 1;
  }
  // With what is left of the time: what a preview of a broadcast knows is worth less than an edit that nobody noticed.
  if (isWhole) await lookForConversations(quiet, until, health, deps);
  log.note('audit', { audited, drifted, isWhole });
  log.count('Audited', audited);
  log.count('AuditsCutShort', isWhole ? 0 : 1);
  log.count('DriftFound', drifted);
}

/** Asks who has a conversation by now, of those who are not known to have one, and keeps it on their links. */
async function lookForConversations(links: readonly Link[], until: number, health: Health, deps: SyncDeps) {
  for (const { pk, contactId = '', pseudonym } of links) {
    if (deps.clock.elapsed() > until || health.isDown) return;
    const reply = await logApart(() => {
      logAbout({ person: pseudonym });
      return deps.contacts.latestConversation(contactId, until);
    });
    if (reply.kind === 'done')
      await deps.broadcasts.keep([{ pk, contactId, has: reply.value !== 'none' }], deps.clock.now());
    await health.note(reply.kind === 'done' ? 'well' : isBusy(reply) ? 'busy' : 'failed');
  }
}

/** What is compared of a link that is not being worked on: its contact, and those that MaiAgent would not delete. */
function contactsOf(link: Link, nowMs: number): string[] {
  const { contactId, accountStatus, erasedContacts = [] } = link;
  const isBound = contactId !== undefined && accountStatus !== 'deleted' && isClean(link) && !isLeased(link, nowMs);
  const left = isQuiet(link, nowMs) ? erasedContacts.filter(({ how }) => how === 'anonymised') : [];
  return [...(isBound ? [contactId] : []), ...left.map((one) => one.contactId)];
}

/** A contact that seems to be gone counts as different; the sync of its link finds out whether it is gone. */
function differenceIn(read: Outcome<Contact>, link: Link, contactId: string, inboxId: string): Difference[] {
  if (read.kind !== 'done' && !(read.kind === 'refused' && read.status === 404)) return [];
  const difference = differenceOf(link, contactId, read.kind === 'done' ? read.value : undefined, inboxId);
  return difference ? [difference] : [];
}

const isBusy = (read: Outcome<unknown>): boolean => read.kind === 'refused' && read.status === 429;

export const handler = lambda(syncEnv, ({ env, settings }) => {
  const clock = systemClock;
  const pace = paced(httpSender(), syncIntervalMs(settings), clock);
  const client = dynamoDb();
  const log = jsonLog('sync');
  const secrets = secretsManager();
  const asks = (send: HttpSend) => maiAgent(env, settings, secrets, send, clock, log);
  return sync({
    settings,
    clock,
    log,
    random: Math.random,
    links: new DynamoLinkTable(client, env.LINKS_TABLE, clock),
    outstanding: new DynamoDueLinks(client, env.LINKS_TABLE),
    erasures: new DynamoErasures(client, env.LINKS_TABLE),
    quarantine: new DynamoQuarantine(client, env.LINKS_TABLE, clock),
    broadcasts: new DynamoBroadcastTable(client, env.BROADCASTS_TABLE, env.LINKS_TABLE),
    evaluations: new DynamoEvaluations(client, env.LINKS_TABLE),
    finished: new Set(),
    contacts: asks(pace.send),
    // Past the pace: a question that waits too long for its place would look like MaiAgent's silence.
    pause: new SharedPause(client, env.LINKS_TABLE, asks(httpSender()), clock, log),
  });
});
