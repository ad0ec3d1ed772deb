import { Command } from 'commander';
import type { Broadcast, Listed } from '../bridge-operations.ts';
import { CommandError } from '../command-error.ts';
import { accessOf, type AccessOptions, withAccess } from '../api/access.ts';
import { type Ask, ask, pagesOf } from '../api/ask.ts';
import { broadcastLines, hardlyReached, isOver, listedLine, runText, settled } from './broadcast-lines.ts';
import { agreement, numberUpTo, withRequest, withSend } from './command-options.ts';
import { confirm } from './confirm.ts';
import { progressOn } from './progress.ts';
import { type ReportOptions, writeReport } from './report.ts';
import { editOf, type RequestOptions } from './request.ts';
import { send, type SendOptions } from './send.ts';
import { untilInterrupted, watch } from './watch.ts';

type JsonOptions = AccessOptions & { readonly json?: true };
type WatchOptions = JsonOptions & { readonly watch?: boolean };

const listedDefault = 20;
const listedMax = 10_000;

/** What a shell answers for a program that Ctrl-C ended. */
const interruptedStatus = 130;

const reportHelp = `
Columns: run, userId, contactId, state, reason, messageId, conversationId, at. A cell that begins with = + - @, a tab or a
carriage return gets a leading apostrophe, so that no spreadsheet runs it as a formula: take it off before you compare ids.
A file takes its name only when it is whole. While a run is under way, its report is of the moment.

Examples:
  contact-bridge broadcast report 3f0c2f1e-… --out report.csv --api https://bridge.example.com
  contact-bridge broadcast report 3f0c2f1e-… --run 2027-03-01T01:00:00Z --local | grep ',failed,'`;

const watchHelp = `
Ctrl-C stops watching, not the broadcast. The status is 1 for a broadcast that failed, a run that expired, and a run whose
message came to fewer than one in ten; who got nothing, and why, is in the report.`;

const scopes = 'broadcasts.read broadcasts.write contacts.read';
const scopesHelp = `the scope broadcasts.read,
broadcasts.write to change, to cancel and to send, and contacts.read to send and to see contact ids`;
const reaching = (command: Command): Command => withAccess(command, scopesHelp);
const answering = (command: Command): Command =>
  reaching(command).option('--json', "the API's answer as it is (docs/api.md); what else is said is on standard error");

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

/** `contact-bridge broadcast`: everything that the API does with broadcasts. */
export function broadcastCommand(): Command {
  const command = new Command('broadcast').description('messages to many contacts, once each');
  withRequest(answering(command.command('preview')))
    .description('shows whom a broadcast would reach, and sends nothing')
    .action((options: SendOptions & AccessOptions) => runSend({ ...options, dryRun: true }));
  withSend(withRequest(answering(command.command('send'))))
    .description('shows whom it reaches, and sends it to exactly those')
    .action(runSend);
  answering(command.command('list'))
    .description('shows the broadcasts, the newest first')
    .option('--max <count>', 'how many at most', numberUpTo(listedMax), listedDefault)
    .action(runList);
  answering(command.command('show').argument('<id>', 'the broadcast'))
    .description('shows a broadcast and its newest runs')
    .option('--watch', 'follows the run that is under way, or the next one, until it is over')
    .addHelpText('after', watchHelp)
    .action(runShow);
  withRequest(answering(command.command('edit').argument('<id>', 'the broadcast')))
    .description('changes what is still to come of a broadcast; what is left out stays as it is')
    .addOption(agreement())
    .action(runEdit);
  for (const [name, paused, description] of turns)
    answering(command.command(name).argument('<id>', 'the broadcast'))
      .description(description)
      .action((id: string, options: JsonOptions) => change(id, { paused }, options));
  answering(command.command('cancel').argument('<id>', 'the broadcast'))
    .description('stops a broadcast for good: whoever has not been written to yet gets no message')
    .action(runCancel);
  reaching(command.command('report').argument('<id>', 'the broadcast'))
    .description('writes every recipient of a run as CSV')
    .option('--run <scheduledAt>', 'which run, as show names it (default: the newest)')
    .option('--out <file>', 'where to (default: standard output)')
    .addHelpText('after', reportHelp)
    .action(runReport);
  return command;
}

async function runSend(options: SendOptions & WatchOptions): Promise<void> {
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

async function runList(options: JsonOptions & { readonly max: number }): Promise<void> {
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

async function runShow(broadcastId: string, options: WatchOptions): Promise<void> {
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

const turns = [
  ['pause', true, 'holds a scheduled broadcast: no run starts until it is resumed; one that is under way goes on'],
  ['resume', false, 'lets a paused broadcast go on: a rate sends at once, anything else at its next time'],
] as const;

async function runEdit(id: string, options: JsonOptions & RequestOptions & { confirm?: string }): Promise<void> {
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

async function runCancel(broadcastId: string, options: JsonOptions): Promise<void> {
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

async function runReport(id: string, options: AccessOptions & ReportOptions): Promise<void> {
  const counts = await writeReport(apiOf(options).ask, id, options);
  if (!counts) return;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const states = [...counts].map(([state, count]) => `${state} ${count}`).join(', ');
  // Beside the report, which may be on its way through a pipe.
  console.error(`${total} ${total === 1 ? 'recipient' : 'recipients'}${states && `: ${states}`}`);
  if (counts.has('planned') || counts.has('claimed')) console.error('the run is not over: this is how it stands now');
}
