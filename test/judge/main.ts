import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Ledger } from './ledger.ts';
import { chat, liveAsUser, sendBroadcasts } from './load.ts';
import { Outside } from './outside.ts';
import { liveAhead, operate } from './quarantine.ts';
import { changeReadings, readings } from './readings.ts';
import { judge, type Verdict } from './verdict.ts';

const KILLS = 6;
const AHEAD_USERS = 6;
const usage = `npm run prove -- --only judge -- [--minutes M] [--users N]
  Runs npm start under load against a MaiAgent whose readings change, kills the whole bridge ${KILLS} times, and judges by MaiAgent's
  state and a ledger of its own alone.
  --minutes M  for how long (10); then everything comes to rest
  --users N    so many users at once (30)
The exit status is 1 when anything was lost, doubled, wrongly answered, unaccounted for or misreported.`;

const { minutes, users } = readOptions();
const ledger = new Ledger(join(tmpdir(), `contact-bridge-judge-${Date.now()}.jsonl`));
const outside = await Outside.start();
const userIds = Array.from({ length: users }, (_, index) => `member-${index}`);
/** Of whom the store sends what cannot be taken, or not yet. */
const aheadIds = Array.from({ length: AHEAD_USERS }, (_, index) => `ahead-${index}`);
const ended = new AbortController();
console.log(`${users} users, ${minutes} minutes; every request and answer is in ${ledger.file}`);
const load = Promise.all([
  ...userIds.map((userId) => liveAsUser(userId, outside, ledger, ended.signal)),
  sendBroadcasts(userIds, outside, ledger, ended.signal),
  chat(outside, ledger, ended.signal),
  ...aheadIds.map((userId) => liveAhead(userId, outside, ledger, ended.signal)),
  operate(outside, ledger, ended.signal),
]);
const changed = changeReadings(outside, ledger, ended.signal);
const everyMs = (minutes * 60_000) / (KILLS + 1);
for (let kill = 0; kill <= KILLS; kill += 1) {
  await Promise.race([load, setTimeout(everyMs)]);
  console.log(
    `${ledger.sent} requests, ${ledger.accepted} accepted, ${ledger.broadcasts.size} broadcasts, ${kill} kills`,
  );
  if (kill === KILLS) break;
  ledger.note({ kills: kill + 1 });
  await outside.restart();
}
ended.abort();
const [, changes] = [await load, await changed];
console.log('the faults have stopped; waiting for everything to come to rest');
const verdict = await judge(outside, ledger);
await outside.close();
console.log(table(verdict, changes));
const mistakes = [verdict.lost, verdict.doubled, verdict.wrong, verdict.unaccounted, verdict.misreported].flat();
for (const mistake of mistakes.slice(0, 50)) console.log(mistake);
process.exit(mistakes.length > 0 ? 1 : 0);

/** What was asked for; the program ends after the help, and with one line for anything else that there is not. */
function readOptions(): { minutes: number; users: number } {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        users: { type: 'string', default: '30' },
        help: { type: 'boolean', default: false },
      },
    });
    const wish = { minutes: Number(values.minutes), users: Number(values.users) };
    if (!values.help) {
      if (!(wish.minutes > 0)) throw new Error(`--minutes is ${values.minutes}: give a number above 0`);
      if (!Number.isSafeInteger(wish.users) || wish.users < 1)
        throw new Error(`--users is ${values.users}: give a whole number from 1`);
      return wish;
    }
    console.log(usage);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exitCode = 2;
  }
  return process.exit();
}

function said(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

function table(found: Verdict, changes: number): string {
  const lines: [string, string | number][] = [
    ['requests sent', ledger.sent],
    ['accepted', ledger.accepted],
    ['whole bridge killed, times', KILLS],
    ['readings changed, times', `${changes}, of ${Object.keys(readings).length} kinds`],
    ['contacts lost by MaiAgent', ledger.lostContacts.size],
    ['broadcasts', ledger.broadcasts.size],
    ['their recipients', said(found.recipients)],
    ['deliveries of the user store', ledger.deliveries.length],
    ['their fates', said(found.fates)],
    ['ids used for two of them', ledger.deliveries.length - new Set(ledger.deliveries.map(({ id }) => id)).size],
    ['redriven twice at once', ledger.redrives],
    ['lost', found.lost.length],
    ['doubled', found.doubled.length],
    ['wrongly answered', found.wrong.length],
    ['unaccounted', found.unaccounted.length],
    ['misreported', found.misreported.length],
    ['time to converge', `${found.convergedAfterS} s`],
  ];
  return lines.map(([what, value]) => `${what.padEnd(30)} ${value}`).join('\n');
}
