import * as z from 'zod/mini';
import type { Ask } from '../commands/api/ask.ts';
import { questionAbout } from '../commands/bridge-operations.ts';
import {
  broadcastLines,
  hardlyReached,
  isOver,
  previewLines,
  settled,
} from '../commands/broadcasts/broadcast-lines.ts';
import type { Deployment } from '../commands/deployment.ts';
import { explanationLines, linkLines } from '../commands/explanation-lines.ts';
import { linesAbout, logLine } from '../commands/logs/logs.ts';
import { receiptLines } from '../commands/people/people-commands.ts';
import { discardRecords, listQuarantine, readRecord, viewOf } from '../commands/quarantine/quarantine.ts';
import { redrive } from '../commands/quarantine/redrive.ts';
import { refreshedLines, refreshUser } from '../commands/readings.ts';
import { type LocalRoutes, ok, taking } from '../http/local-http.ts';
import { aroundOf, statusOf } from '../status/status.ts';
import { statusLines, todoOf } from '../status/status-lines.ts';
import { peoplePage } from './people.ts';

const text = z.string().check(z.minLength(1), z.maxLength(256));
const next = z.optional(z.nullable(z.string().check(z.maxLength(2_048))));
const user = z.strictObject({ userId: text });
const record = z.string().check(z.regex(/^[0-9a-f]{32}$/));
const broadcast = z.strictObject({ broadcastId: z.guid() });
/** The API says what is wrong in it. */
const request = z.record(z.string(), z.unknown());

const LISTED_MAX = 200;

/** What the page asks: each is what a command does, and answers what the command shows, with what the page needs beside it. */
export function consoleRoutes(deployment: Deployment, ask: Ask): LocalRoutes {
  return { ...bridgeRoutes(deployment), ...personRoutes(deployment, ask), ...broadcastRoutes(ask) };
}

/** A table of the deployment, for as long as the work takes. */
async function withLinks<Answer>(
  deployment: Deployment,
  work: (links: Awaited<ReturnType<Deployment['links']>>) => Promise<Answer>,
): Promise<Answer> {
  const links = await deployment.links();
  return work(links).finally(() => links.client.destroy());
}

const bridgeRoutes = (deployment: Deployment): LocalRoutes => ({
  'POST /api/status': taking(z.strictObject({}), async () => {
    const nowMs = Date.now();
    const [status, around] = await Promise.all([
      withLinks(deployment, ({ client, tableName }) => statusOf(client, tableName, nowMs)),
      aroundOf(deployment, nowMs),
    ]);
    return ok({ isHealthy: todoOf(status, nowMs, around).length === 0, lines: statusLines(status, nowMs, around) });
  }),
  'POST /api/quarantine': taking(z.strictObject({}), async () => {
    const listed = await listQuarantine(deployment, { which: 'open', max: LISTED_MAX });
    return ok({ records: listed.map(viewOf), isMore: listed.length === LISTED_MAX });
  }),
  'POST /api/show': taking(z.strictObject({ recordId: record }), async ({ recordId }) =>
    ok({ record: (await readRecord(deployment, recordId))?.record ?? {} }),
  ),
  'POST /api/redrive': taking(z.strictObject({}), async () => ok(await redrive(deployment, {}))),
  'POST /api/discard': taking(z.strictObject({ recordId: record, why: text }), async ({ recordId, why }) =>
    ok(await discardRecords(deployment, [recordId], why)),
  ),
});

const personRoutes = (deployment: Deployment, ask: Ask): LocalRoutes => ({
  'POST /api/people': taking(z.strictObject({ text, from: next }), async ({ text: wanted, from }) =>
    ok(await withLinks(deployment, (links) => peoplePage(links, wanted, from ?? undefined))),
  ),
  'POST /api/person': taking(user, async ({ userId }) => {
    const { body } = await ask('getUser', questionAbout(userId));
    return ok({ accountStatus: body.accountStatus, lines: [...linkLines(body), '', ...explanationLines(body)] });
  }),
  'POST /api/logs': taking(
    z.strictObject({ userId: text, hours: z.int().check(z.gte(1), z.lte(720)) }),
    async (asked) => {
      const found = await linesAbout(deployment, asked.userId, Date.now() - asked.hours * 3_600_000);
      return ok({ lines: found.map(logLine) });
    },
  ),
  'POST /api/refresh': taking(user, async ({ userId }) =>
    ok({ lines: refreshedLines(await refreshUser(deployment, userId)) }),
  ),
  'POST /api/erase': taking(user, async ({ userId }) => {
    await ask('deleteUser', questionAbout(userId));
    return ok(await receipt(ask, userId));
  }),
  'POST /api/receipt': taking(user, async ({ userId }) => ok(await receipt(ask, userId))),
});

async function receipt(ask: Ask, userId: string) {
  const { body } = await ask('getErasure', questionAbout(userId));
  return { state: body.state, lines: receiptLines(body) };
}

const broadcastRoutes = (ask: Ask): LocalRoutes => ({
  'POST /api/broadcasts': taking(z.strictObject({ from: next }), async ({ from }) =>
    ok((await ask('listBroadcasts', { query: { from: from ?? undefined } })).body),
  ),
  'POST /api/broadcast': taking(broadcast, async (path) => {
    const { body } = await ask('getBroadcast', { path });
    const runs = body.runs.map((run) => ({
      scheduledAt: run.scheduledAt,
      recipients: run.recipients,
      settled: settled(run),
      isOver: isOver(run),
      warning: hardlyReached(run) ?? null,
    }));
    const { state, message, schedule } = body;
    return ok({ state, message, isRate: schedule.kind === 'rate', lines: broadcastLines(body), runs });
  }),
  'POST /api/ledger': taking(
    z.strictObject({ broadcastId: z.guid(), run: z.iso.datetime(), from: next }),
    async ({ broadcastId, run, from }) =>
      ok((await ask('listRecipients', { path: { broadcastId }, query: { run, from: from ?? undefined } })).body),
  ),
  'POST /api/preview': taking(z.strictObject({ request }), async ({ request: body }) => {
    const { body: preview } = await ask('previewBroadcast', { body });
    return ok({ lines: previewLines(preview), audienceHash: preview.audienceHash });
  }),
  'POST /api/send': taking(z.strictObject({ request, key: z.guid() }), async ({ request: body, key }) =>
    ok({ broadcastId: (await ask('createBroadcast', { body, headers: { 'idempotency-key': key } })).body.broadcastId }),
  ),
  'POST /api/edit': taking(z.strictObject({ broadcastId: z.guid(), edit: request }), async ({ broadcastId, edit }) =>
    ok({ state: (await ask('editBroadcast', { path: { broadcastId }, body: edit })).body.state }),
  ),
  'POST /api/cancel': taking(broadcast, async (path) =>
    ok({ state: (await ask('cancelBroadcast', { path, body: {} })).body.state }),
  ),
});
