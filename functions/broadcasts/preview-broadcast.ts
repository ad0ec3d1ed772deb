import { speedOf } from '../env.ts';
import type { HttpRequest } from '../http.ts';
import type { BroadcastTable } from '../io/broadcasts/broadcast-table.ts';
import type { ContactApi } from '../io/maiagent/contact-api.ts';
import { singlesOut } from '../rules/broadcasts/audience.ts';
import { broadcastBodySchema } from '../rules/broadcasts/broadcast.ts';
import * as runs from '../rules/broadcasts/run.ts';
import { Refused } from '../rules/failure.ts';
import type { AnswerTo } from '../rules/http/operations.ts';
import { flawed, readBody } from '../rules/http/request-body.ts';
import { grants } from '../rules/http/routes.ts';
import { clockChangeWarnings, firstOccurrence, scheduleFlaws } from '../rules/schedules/schedule.ts';
import { surveyAudience, type SurveyDeps } from './survey-audience.ts';

export interface BroadcastRoutesDeps extends SurveyDeps {
  readonly broadcasts: BroadcastTable;
  readonly contacts: Pick<ContactApi, 'latestConversation'>;
}

const CALL_MS_MAX = 8_000;
const ASKED_AT_ONCE = 8;
/** As many as MaiAgent answers in that time. Of a larger audience, what the links remember is told with its age. */
const ASKED_MAX = 400;

/** Says what a broadcast would do. Writes nothing, and asks MaiAgent about as many recipients as there is time for. */
export async function previewBroadcast(
  request: HttpRequest,
  deps: BroadcastRoutesDeps,
): Promise<AnswerTo<'previewBroadcast'>> {
  const { clock, settings } = deps;
  const { audience, schedule } = readBody(broadcastBodySchema, request.body());
  const flaws = scheduleFlaws(schedule, clock.now());
  if (flaws.length > 0) throw flawed(...flaws);
  if (singlesOut(audience) && !seesPeople(request, deps)) throw new Refused('scope_missing');
  const survey = await surveyAudience(audience, deps);
  const calls = runs.callsFor(survey.recipients);
  const nextMs = schedule.kind === 'now' ? undefined : firstOccurrence(schedule, clock.now());
  return {
    status: 200,
    body: {
      recipients: survey.recipients,
      excluded: survey.excluded,
      conversations: await conversationsOf(survey, deps),
      calls,
      seconds: runs.secondsFor(calls, speedOf(settings)),
      audienceHash: survey.isWhole ? survey.hash : null,
      isWhole: survey.isWhole,
      warnings: clockChangeWarnings(schedule, clock.now()),
      nextAt: nextMs === undefined ? null : runs.instantOf(nextMs),
    },
  };
}

/**
 * How many recipients have a conversation, because MaiAgent refuses all others. It is asked about those of whom nobody knows one, first
 * about those at whom nobody has looked, or longest not. Of the rest counts what their links remember; `asOf` is the oldest of that.
 */
async function conversationsOf({ have, oldestAt, quiet }: Survey, { contacts, clock }: BroadcastRoutesDeps) {
  const until = clock.elapsed() + CALL_MS_MAX;
  const inOrder = quiet.toSorted((a, b) => (a.noneAt ?? 0) - (b.noneAt ?? 0));
  const waiting = inOrder.slice(0, ASKED_MAX).values();
  const found = { have, none: 0, unknown: 0 };
  let asOf = oldestAt;
  const remember = (noneAt: number | undefined): void => {
    found[noneAt === undefined ? 'unknown' : 'none'] += 1;
    asOf = Math.min(asOf, noneAt ?? Infinity);
  };
  const ask = async (): Promise<void> => {
    for (const { contactId, noneAt } of waiting) {
      const reply = await contacts.latestConversation(contactId, until);
      if (reply.kind !== 'done') remember(noneAt);
      else found[reply.value === 'none' ? 'none' : 'have'] += 1;
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask));
  for (const { noneAt } of inOrder.slice(ASKED_MAX)) remember(noneAt);
  return { ...found, asOf: Number.isFinite(asOf) ? runs.instantOf(asOf) : null };
}

type Survey = Awaited<ReturnType<typeof surveyAudience>>;

/** Whether the caller may learn who somebody is and which contact is theirs. */
export const seesPeople = ({ claims }: HttpRequest, { settings }: Pick<BroadcastRoutesDeps, 'settings'>): boolean =>
  grants(claims, 'contacts.read', settings.scopes);
