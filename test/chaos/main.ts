import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { judge, type Verdict } from './judge.ts';
import { Ledger } from './ledger.ts';
import { chat, liveAsUser, sendBroadcasts } from './load.ts';
import { torment, type Torment } from './torment.ts';
import { startWorld } from './world.ts';

const usage = `npm run prove -- --only chaos -- [--minutes M] [--users N]
  Runs the whole bridge under load, kills its functions and its database, switches MaiAgent off, and judges what is left.
  --minutes M  for how long (5); then everything comes to rest
  --users N    so many users at once (40)
The exit status is 1 when anything was lost, doubled, wrongly answered or misreported.`;

const { minutes, users } = readOptions();
const ledger = new Ledger(join(tmpdir(), `contact-bridge-chaos-${Date.now()}.jsonl`));
const world = await startWorld();
const userIds = Array.from({ length: users }, (_, index) => `member-${index}`);
const calm = new AbortController();
const ended = new AbortController();
console.log(`${users} users, ${minutes} minutes; every request and answer is in ${ledger.file}`);
const load = Promise.all([
  ...userIds.map((userId) => liveAsUser(userId, world, ledger, ended.signal)),
  sendBroadcasts(userIds, world, ledger, ended.signal),
  chat(world, ended.signal),
]);
const tormented = torment(world, calm.signal);
const endMs = performance.now() + minutes * 60_000;
while (performance.now() < endMs) {
  await Promise.race([load, setTimeout(15_000)]);
  const left = Math.max(0, Math.round((endMs - performance.now()) / 1_000));
  console.log(
    `${ledger.sent} requests, ${ledger.accepted} accepted, ${ledger.broadcasts.size} broadcasts; ${left} s left`,
  );
}
ended.abort();
calm.abort();
const [, done] = [await load, await tormented];
console.log('the faults have stopped; waiting for everything to come to rest');
const verdict = await judge(world, ledger);
await world.close();
console.log(table(verdict, done));
const mistakes = [verdict.lost, verdict.doubled, verdict.wrong, verdict.misreported].flat();
for (const mistake of mistakes.slice(0, 50)) console.log(mistake);
process.exit(mistakes.length > 0 ? 1 : 0);

/** What was asked for; the program ends after the help, and with one line for anything else that there is not. */
function readOptions(): { minutes: number; users: number } {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '5' },
        users: { type: 'string', default: '40' },
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

function table(found: Verdict, { functions, database, outages }: Torment): string {
  const lines: [string, string | number][] = [
    ['requests sent', found.sent],
    ['accepted', found.accepted],
    ['functions killed, times', functions],
    ['database killed, times', database],
    ['MaiAgent switched off, times', outages],
    ['broadcasts', found.broadcasts],
    [
      'their recipients',
      Object.entries(found.recipients)
        .map(([state, count]) => `${count} ${state}`)
        .join(', '),
    ],
    ['lost', found.lost.length],
    ['doubled', found.doubled.length],
    ['wrongly answered', found.wrong.length],
    ['misreported', found.misreported.length],
    ['time to converge', `${found.convergedAfterS} s`],
  ];
  return lines.map(([what, value]) => `${what.padEnd(30)} ${value}`).join('\n');
}
