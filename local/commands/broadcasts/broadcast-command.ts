import type { Broadcast, Listed } from '../bridge-operations.ts';
import { CommandError } from '../command-error.ts';
import { accessOf, type AccessOptions } from '../api/access.ts';
import { type Ask, ask, pagesOf } from '../api/ask.ts';
import { broadcastLines, hardlyReached, isOver, listedLine, runText, settled } from './broadcast-lines.ts';
import { confirm } from './confirm.ts';
import { progressOn } from './progress.ts';
import { type ReportOptions, writeReport } from './report.ts';
import { editOf, type RequestOptions } from './request.ts';
import { send, type SendOptions } from './send.ts';
import { untilInterrupted, watch } from './watch.ts';

type JsonOptions = AccessOptions & { readonly json?: true };
type WatchOptions = JsonOptions & { readonly watch?: boolean };

/** What a shell answers for a program that Ctrl-C ended. */
const interruptedStatus = 130;

const scopes = 'broadcasts.read broadcasts.write contacts.read';
const advice = {
  byCode: {
    audience_changed: 'nothing was sent; give the command again to see whom it reaches now',
    broadcast_conflicting: 'nothing was sent now, but this --key was used before; look at broadcast list first',
    not_found: 'there is no such broadcast, or no such run of it',
  },
  needs: 'broadcasts.read, and to send broadcasts.write and contacts.read',
};

/** The way to the API, and who asks it. */
function apiOf(options: AccessOptions): { readonly ask: Ask; readonly flags: string } {
  const access = accessOf(options, scopes);
  return { ask: (id, question) => ask(access, id, question, advice), flags: access.flags };
}

/** `contact-bridge broadcast preview`: a send that sends nothing. */
export const runPreview = (options: SendOptions & AccessOptions): Promise<void> =>
  runSend({ ...options, dryRun: true });

/** `contact-bridge broadcast send`. */
export async function runSend(options: SendOptions & WatchOptions): Promise<void> {
  const api = apiOf(options);
  const broadcast = await send(api.ask, options);
  if (!broadcast) return;
  if (options.watch) return follow(api, broadcast, options);
  if (options.json) return json(broadcast);
  if (broadcast.nextAt !== null) console.log(`next           ${broadcast.nextAt}`);
  console.log(`follow it      contact-bridge broadcast show ${broadcast.broadcastId} --watch ${api.flags}`);
}

const json = (answer: object): void => console.log(JSON.stringify(answer, undefined, 2));
/** Where a program reads standard output, people read the other one. */
const saying = (options: { readonly json?: true }): ((line: string) => void) =>
  options.json ? console.error : console.log;

/** `contact-bridge broadcast list`. */
export async function runList(options: JsonOptions & { readonly max: number }): Promise<void> {
  const { ask } = apiOf(options);
  let listed = 0;
  const all: Listed[] = [];
  for await (const { broadcasts } of pagesOf((from) => ask('listBroadcasts', { query: { from } })))
    for (const broadcast of broadcasts) {
      if (++listed > options.max) {
        if (options.json) json({ broadcasts: all });
        return saying(options)(`stopped after ${options.max}: --max shows more`);
      }
      if (options.json) all.push(broadcast);
      else console.log(listedLine(broadcast));
    }
  if (options.json) json({ broadcasts: all });
  else if (listed === 0) console.log('there are no broadcasts');
}

/** `contact-bridge broadcast show`. */
export async function runShow(broadcastId: string, options: WatchOptions): Promise<void> {
  const api = apiOf(options);
  const { body: broadcast } = await api.ask('getBroadcast', { path: { broadcastId } });
  if (options.json && !options.watch) return json(broadcast);
  for (const line of broadcastLines(broadcast)) saying(options)(line);
  if (options.watch) await follow(api, broadcast, options);
}

async function follow(
  { ask, flags }: ReturnType<typeof apiOf>,
  first: Broadcast,
  options: { readonly json?: true },
): Promise<void> {
  const say = saying(options);
  const stream = options.json ? process.stderr : process.stdout;
  const watched = await untilInterrupted((signal) => watch(ask, first, progressOn(stream), signal));
  if (watched === 'interrupted') {
    say('stopped watching; the broadcast goes on. To stop the broadcast itself:');
    say(`  contact-bridge broadcast cancel ${first.broadcastId} ${flags}`);
    process.exitCode = interruptedStatus;
    return;
  }
  const { broadcast, run } = watched;
  if (run) say(`run            ${runText(run)}`);
  say(`state          ${broadcast.state}`);
  if (options.json) json(broadcast);
  if (broadcast.state === 'failed')
    throw new CommandError(`the broadcast failed: ${broadcast.lastError ?? 'no reason'}`);
  if (run?.state === 'expired')
    throw new CommandError(
      run.recipients === 0
        ? 'the run expired: it would have begun later than its lateness allows'
        : `the run expired: its time was up when ${run.counts.skipped} had not got the message`,
    );
  const warning = run && hardlyReached(run);
  if (warning) throw new CommandError(warning);
}

/** `contact-bridge broadcast pause` and `resume`. */
export const runPause = (id: string, options: JsonOptions): Promise<void> => change(id, { paused: true }, options);
export const runResume = (id: string, options: JsonOptions): Promise<void> => change(id, { paused: false }, options);

/** `contact-bridge broadcast edit`. */
export async function runEdit(id: string, options: JsonOptions & RequestOptions & { confirm?: string }): Promise<void> {
  const { confirm: agreed, json: _, ...rest } = options;
  const edit = await editOf(rest);
  if (Object.values(edit).every((one) => one === undefined))
    throw new CommandError('say what to change: broadcast edit --help has the options');
  const question = 'This reaches everybody. Type all to change it: ';
  if (edit.confirm && agreed !== 'all' && !(await confirm(question, 'all', '--confirm all'))) {
    saying(options)('nothing was changed');
    process.exitCode = 1;
    return;
  }
  await change(id, edit, options);
}

async function change(broadcastId: string, edit: object, options: JsonOptions): Promise<void> {
  const { ask } = apiOf(options);
  const { body: broadcast } = await ask('editBroadcast', { path: { broadcastId }, body: edit });
  if (options.json) return json(broadcast);
  for (const line of broadcastLines(broadcast)) console.log(line);
}

/** `contact-bridge broadcast cancel`. */
export async function runCancel(broadcastId: string, options: JsonOptions): Promise<void> {
  const { ask } = apiOf(options);
  const { body: before } = await ask('getBroadcast', { path: { broadcastId } });
  const say = saying(options);
  for (const line of broadcastLines({ ...before, runs: [] })) say(line);
  for (const run of before.runs.filter((one) => !isOver(one)))
    say(`cancels        the run ${runText(run)}; ${settled(run)} stay as they are, the rest get no message`);
  if (before.nextAt !== null) say(`cancels        the run at ${before.nextAt}, and every later one`);
  const { body: after } = await ask('cancelBroadcast', { path: { broadcastId }, body: {} });
  if (options.json) return json(after);
  say(`state          ${after.state}`);
  for (const run of after.runs.slice(0, 1)) say(`run            ${runText(run)}`);
}

/** `contact-bridge broadcast report`. */
export async function runReport(id: string, options: AccessOptions & ReportOptions): Promise<void> {
  const counts = await writeReport(apiOf(options).ask, id, options);
  if (!counts) return;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const states = [...counts].map(([state, count]) => `${state} ${count}`).join(', ');
  // Beside the report, which may be on its way through a pipe.
  console.error(`${total} ${total === 1 ? 'recipient' : 'recipients'}${states && `: ${states}`}`);
  if (counts.has('planned') || counts.has('claimed')) console.error('the run is not over: this is how it stands now');
}
