import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { speedOf } from '../env.ts';
import type { HttpRequest } from '../http.ts';
import { logAbout } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import * as rules from '../rules/broadcasts/broadcast.ts';
import { shownAudience, singlesOut } from '../rules/broadcasts/audience.ts';
import {
  broadcastBodySchema,
  broadcastEditSchema,
  type Broadcast,
  type BroadcastBody,
} from '../rules/broadcasts/broadcast.ts';
import { broadcastView, recipientViews, runView } from '../rules/broadcasts/broadcast-view.ts';
import { Refused } from '../rules/failure.ts';
import type { BroadcastAnswer } from '../rules/http/answers.ts';
import type { AnswerTo } from '../rules/http/operations.ts';
import { broadcastsQuery, recipientsQuery } from '../rules/http/queries.ts';
import { absent, flawed, readBody } from '../rules/http/request-body.ts';
import * as runs from '../rules/broadcasts/run.ts';
import type { Run } from '../rules/broadcasts/run.ts';
import { firstOccurrence, scheduleFlaws, type Schedule } from '../rules/schedules/schedule.ts';
import { previewBroadcast, seesPeople, type BroadcastRoutesDeps } from './preview-broadcast.ts';
import { surveyAudience } from './survey-audience.ts';

const BROADCASTS_SHOWN = 25;
const BATCHES_SHOWN = 20;

const idSchema = z.guid();
/** Printable ASCII, as a header carries it (IETF draft "The Idempotency-Key HTTP Header Field"). */
const idempotencyKey = z.optional(z.string().check(z.regex(/^[\x20-\x7e]{1,255}$/)));

/**
 * Commits before it answers. A repetition with the same key and body finds the same broadcast, even if the first answer was lost.
 */
async function createBroadcast(request: HttpRequest, deps: BroadcastRoutesDeps): Promise<AnswerTo<'createBroadcast'>> {
  const { broadcasts, clock, settings } = deps;
  const body = readBody(broadcastBodySchema, request.body());
  const key = idempotencyKey.safeParse(request.header('idempotency-key'));
  if (!key.success) throw flawed({ path: 'idempotency-key', problem: 'must be 1 to 255 printable ASCII characters' });
  const broadcastId = rules.broadcastIdOf(callerOf(request), key.data, randomUUID());
  logAbout({ broadcast: broadcastId });
  return retryConflicts(async () => {
    const known = await broadcasts.broadcast(broadcastId);
    if (known) return { status: 200, body: await viewOf(same(known, body), request, deps) };
    const { schedule } = body;
    await refuseFlaws(body, schedule, seesPeople(request, deps), deps);
    const nowMs = Math.floor(clock.now() / 1_000) * 1_000;
    const nextMs = schedule.kind === 'now' ? undefined : firstOf(schedule, nowMs);
    const made = rules.newBroadcast(broadcastId, body, nowMs, nextMs);
    // A broadcast that is sent now needs no schedule, so its only run is written with it.
    const expiresAt = runs.expiryOf(nowMs, settings.broadcasts.retentionDays);
    const first = schedule.kind === 'now' ? [runs.newRun(made, nowMs, nowMs, expiresAt)] : [];
    // Another request with the same key may be faster by a moment: then its broadcast is found.
    const done = await broadcasts.commit([made, ...first].map((after) => ({ before: undefined, after })));
    return done === 'committed' ? { status: 201, body: await viewOf(made, request, deps) } : 'conflict';
  });
}

function same(known: Broadcast, body: BroadcastBody): Broadcast {
  if (known.bodyHash !== rules.bodyHashOf(body)) throw new Refused('broadcast_conflicting');
  return known;
}

function firstOf(schedule: Schedule, nowMs: number): number {
  const nextMs = firstOccurrence(schedule, nowMs);
  if (nextMs !== undefined) return nextMs;
  throw flawed({ path: 'schedule', problem: 'has passed while the audience was looked at' });
}

/** Refuses every mistake that can be found before anything is sent: in the schedule where it begins or is said, in the audience where it is said. */
async function refuseFlaws(
  { schedule, audience, confirm, audienceHash }: Partial<BroadcastBody>,
  checked: Schedule | undefined,
  tells: boolean,
  deps: BroadcastRoutesDeps,
): Promise<void> {
  const flaws = checked ? scheduleFlaws(checked, deps.clock.now()) : [];
  if (audience?.kind === 'all' && confirm !== 'all')
    flaws.push({ path: 'confirm', problem: 'must be "all", because the message goes to everybody' });
  if (flaws.length > 0) throw flawed(...flaws);
  if (!audience) return;
  // Whoever may not ask for single persons would otherwise learn here, without sending anything, whether somebody is there: the hash of
  // nobody is known. Who may not preview an audience cannot have its hash.
  const mayTell = tells || !singlesOut(audience);
  if (audienceHash !== undefined && !mayTell) throw new Refused('scope_missing');
  const survey = await surveyAudience(audience, deps);
  if (audienceHash !== undefined && !survey.isWhole)
    throw flawed({ path: 'audienceHash', problem: 'cannot be checked in time: the audience is too large' });
  if (audienceHash !== undefined && survey.hash !== audienceHash) throw new Refused('audience_changed');
  const isOnce = schedule?.kind === 'now' || schedule?.kind === 'at';
  if (mayTell && isOnce && survey.isWhole && survey.recipients === 0)
    throw flawed({ path: 'audience', problem: 'reaches nobody: a preview says why' });
}

async function listBroadcasts(
  request: HttpRequest,
  { broadcasts, clock }: BroadcastRoutesDeps,
): Promise<AnswerTo<'listBroadcasts'>> {
  const { from } = readBody(broadcastsQuery, request.query);
  const page = await broadcasts.list(from, BROADCASTS_SHOWN);
  const shown = page.broadcasts.map((one) => broadcastView(one, clock.now()));
  return { status: 200, body: { broadcasts: shown, next: page.next ?? null } };
}

async function getBroadcast(request: HttpRequest, deps: BroadcastRoutesDeps): Promise<AnswerTo<'getBroadcast'>> {
  return { status: 200, body: await viewOf(await broadcastOf(request, deps), request, deps) };
}

async function viewOf(broadcast: Broadcast, request: HttpRequest, deps: BroadcastRoutesDeps): Promise<BroadcastAnswer> {
  const { broadcasts, clock } = deps;
  const shown = await broadcasts.runs(broadcast.broadcastId, runs.RUNS_MAX);
  const counted = await Promise.all(shown.map(async (run) => runView(run, await broadcasts.counts(run), clock.now())));
  return {
    ...broadcastView(broadcast, clock.now()),
    audience: shownAudience(broadcast.audience, seesPeople(request, deps)),
    runs: counted,
  };
}

async function listRecipients(request: HttpRequest, deps: BroadcastRoutesDeps): Promise<AnswerTo<'listRecipients'>> {
  const { broadcasts } = deps;
  const { run: asked, from } = readBody(recipientsQuery, request.query);
  const { broadcastId, audience } = await broadcastOf(request, deps);
  const run = await runOf(broadcastId, asked, deps);
  if (!run) throw absent('run', 'is no run of it');
  const batches = await broadcasts.batches(run, from, BATCHES_SHOWN);
  const mayTell = seesPeople(request, deps);
  return {
    status: 200,
    body: {
      run: runs.instantOf(run.scheduledAtMs),
      recipients: batches.flatMap((batch) => recipientViews(batch, audience, mayTell)),
      next: batches.length === BATCHES_SHOWN ? (batches.at(-1)?.sk ?? null) : null,
    },
  };
}

/** The named run, or else the newest one. */
async function runOf(
  broadcastId: string,
  scheduledAt: string | undefined,
  { broadcasts }: BroadcastRoutesDeps,
): Promise<Run | undefined> {
  if (scheduledAt !== undefined) return broadcasts.run(broadcastId, Date.parse(scheduledAt));
  return (await broadcasts.runs(broadcastId, 1))[0];
}

/**
 * Changes what is still to come, pauses it or lets it go on; answers after the commit, and what it answers is what is sent. Each run reads its
 * broadcast as long as it goes on, so it is not changed under a run. A run that starts meanwhile changes the broadcast's row: then this
 * commit loses, reads again, and finds that it comes too late. Repeating it changes nothing.
 */
async function editBroadcast(request: HttpRequest, deps: BroadcastRoutesDeps): Promise<AnswerTo<'editBroadcast'>> {
  const { broadcasts, clock, settings } = deps;
  const edit = readBody(broadcastEditSchema, request.body());
  return retryConflicts(async () => {
    const broadcast = await broadcastOf(request, deps);
    const { after, isEdited, pauses, begins } = rules.edited(broadcast, edit);
    const isOver = broadcast.state !== 'active' && broadcast.state !== 'paused';
    // Nobody is to read in a 200 that what is over goes on.
    if (!isEdited && !pauses && !begins && !(isOver && edit.paused === false))
      return { status: 200, body: await viewOf(broadcast, request, deps) };
    if (isOver) throw new Refused('broadcast_over');
    const isBegun = broadcast.state === 'active' && broadcast.nextAtMs === undefined;
    const all = await broadcasts.runs(broadcast.broadcastId, runs.OPEN_RUNS_MAX);
    // The messages of two runs with the same text are told apart by their times alone.
    const gapMs = begins ? speedOf(settings).minGapBetweenRunsMs : 0;
    const underWay = all.find(({ endedAtMs = Infinity }) => endedAtMs + gapMs > clock.now());
    if (underWay && (isEdited || begins || isBegun)) throw running(underWay);
    if (isBegun) throw new Refused('broadcast_over');
    // A hash is compared also with the audience that stays: whoever gives one to a broadcast that goes on wants to be told of another.
    const stays = edit.audienceHash !== undefined && !edit.audience;
    await refuseFlaws(
      { ...edit, schedule: after.schedule, ...(stays && { audience: after.audience, confirm: 'all' }) },
      begins ? after.schedule : edit.schedule,
      seesPeople(request, deps),
      deps,
    );
    const nowMs = Math.floor(clock.now() / 1_000) * 1_000;
    const begun = begins ? rules.begun(after, nowMs, firstOf(after.schedule, nowMs)) : after;
    const done = pauses ? rules.paused(after, nowMs) : begun;
    const committed = await broadcasts.commit([{ before: broadcast, after: done }]);
    return committed === 'committed' ? { status: 200, body: await viewOf(done, request, deps) } : 'conflict';
  });
}

const running = ({ scheduledAtMs }: Run): Refused => {
  const problem = `has one of ${runs.instantOf(scheduledAtMs)} under way, or only just over: change it later, or cancel it`;
  return new Refused('broadcast_running', { flaws: [{ path: 'runs', problem }] });
};

/** Answers after the commit. From then on no run starts and no claim is made. Repeating it changes nothing. */
async function cancelBroadcast(request: HttpRequest, deps: BroadcastRoutesDeps): Promise<AnswerTo<'cancelBroadcast'>> {
  const { broadcasts, clock, settings } = deps;
  return retryConflicts(async () => {
    const broadcast = await broadcastOf(request, deps);
    const open = (await broadcasts.runs(broadcast.broadcastId, runs.RUNS_MAX)).filter(isOpen);
    if (broadcast.state === 'cancelled' && open.length === 0)
      return { status: 200, body: await viewOf(broadcast, request, deps) };
    if (broadcast.state !== 'active' && broadcast.state !== 'paused') throw new Refused('broadcast_over');
    const nowMs = clock.now();
    const after = rules.cancelled(broadcast, nowMs, runs.expiryOf(nowMs, settings.broadcasts.retentionDays));
    // A run that starts meanwhile changes the broadcast's row, and a run that ends changes its own. In both cases this commit
    // loses and reads again.
    const done = await broadcasts.commit([
      { before: broadcast, after },
      ...open.map((run) => ({ before: run, after: runs.cancelledRun(run, nowMs) })),
    ]);
    return done === 'committed' ? { status: 200, body: await viewOf(after, request, deps) } : 'conflict';
  });
}

const isOpen = ({ state }: Run): boolean => state === 'planning' || state === 'sending';

async function broadcastOf(request: HttpRequest, { broadcasts }: BroadcastRoutesDeps): Promise<Broadcast> {
  const broadcastId = idSchema.safeParse(request.parameters['broadcastId']?.toLowerCase());
  const broadcast = broadcastId.success ? await broadcasts.broadcast(broadcastId.data) : undefined;
  if (!broadcast) throw absent('broadcastId', 'is no broadcast');
  logAbout({ broadcast: broadcast.broadcastId });
  return broadcast;
}

/** Identifies the caller, because two callers may choose the same key. */
const callerOf = ({ claims }: HttpRequest): string => JSON.stringify([claims?.['sub'], claims?.['client_id']]);

/** The handlers of the back office's routes for broadcasts. They only write rows; the job `broadcast` carries them out. */
export const broadcastHandlers = {
  createBroadcast,
  previewBroadcast,
  listBroadcasts,
  getBroadcast,
  listRecipients,
  editBroadcast,
  cancelBroadcast,
};
