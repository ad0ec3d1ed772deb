import type { Link } from '../../../functions/rules/contacts/link.ts';
import { EXPIRING_SHARD } from '../../../functions/rules/erasure/erasure.ts';
import { leaseMs } from '../settings.ts';
import type { Person } from './person.ts';
import { judge, judgeQuarantine } from './verdict.ts';

/** With the longest backoff and a lease or two everything is right again by then ("within minutes"). */
const CONVERGED_MS_MAX = 15 * 60_000;
/** The records of somebody who was a visitor are gone through after five minutes, and after ten more while the visitor is not gone or a pass died. */
const ERASED_MS_MAX = 30 * 60_000;
const ROUNDS_MAX = 10;
const PAUSE_MS = 10_000;

/** No more trouble: everybody who was not answered comes again, and all comes right, with sign-ins or before any; then the verdict. */
export async function settlePeople(people: readonly Person[], isSyncFirst: boolean): Promise<void> {
  const [first] = people;
  if (!first) return;
  const { time } = first.world;
  if (people.some(({ hasSentUnreadable }) => hasSentUnreadable)) await settleQuarantine(people);
  if (first.world.deployment > 1) await first.performAll(['sweep', 'half-an-hour', 'sweep']);
  const from = time.elapsed();
  // Sometimes nobody signs in before all is right: that must not need a person.
  await rest(people, !isSyncFirst);
  if (isSyncFirst) {
    await signIn(people);
    await rest(people, false);
  }
  const wasVisitor = people.some(({ row }) => row?.visitors !== undefined);
  if (time.elapsed() - from > (wasVisitor ? ERASED_MS_MAX : CONVERGED_MS_MAX)) first.accuse('it converges too slowly');
  if (people.some(({ isTouchedByOthers }) => isTouchedByOthers)) {
    // An audit passes over a link that is owed or leased, so it comes last.
    await time.sleep(leaseMs + 1);
    await first.perform('audit');
    await rest(people, false);
  }
  const found = people.filter(({ madeByHand }) => madeByHand !== undefined);
  for (const person of found) await person.perform('put right');
  await rest(found, false);
  await signIn(people);
  if (!isAtRest(people)) first.accuse('a sign-in that says nothing new leaves something to do');
  for (const person of people) judge(person);
}

/** What lay ahead has come, and somebody redrives: then everything that its sender was told is kept has one fate. */
async function settleQuarantine(people: readonly Person[]): Promise<void> {
  const [first] = people;
  for (let round = 0; round < ROUNDS_MAX && people.some(({ isAllTold }) => !isAllTold); round += 1)
    for (const person of people) await person.tellAgain();
  await first?.performAll(['time-comes', 'redrive']);
  for (const person of people) judgeQuarantine(person);
}

async function signIn(people: readonly Person[]): Promise<void> {
  for (const person of people) await person.perform('sign-in');
}

/** Rounds of everybody who comes again, and a sweep, until nothing is owed to anybody. */
async function rest(people: readonly Person[], areSigningIn: boolean): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    for (const person of people) await person.tellAgain();
    if (areSigningIn) await signIn(people);
    await sweep(people);
    if (isAtRest(people)) return;
  }
  people[0]?.accuse('it does not converge');
}

const isAtRest = (people: readonly Person[]): boolean =>
  people.every(({ isAllTold }) => isAllTold) && dueAtsOf(people).length === 0;

/** When what is due of theirs may be served, and of all visitors: one whose first answer was lost never comes again. */
function dueAtsOf(people: readonly Person[]): number[] {
  const visitors = (people[0]?.world.rows('Links', 'visitor#') ?? []) as unknown as Link[];
  const links = [...people.flatMap(({ row }) => row ?? []), ...visitors];
  return links.flatMap(({ dueAt, leaseUntil = 0, dueShard }) =>
    dueAt === undefined || dueShard === EXPIRING_SHARD ? [] : Math.max(dueAt, leaseUntil),
  );
}

/** Time passes until all that is due now may be served, and a sweep comes. */
async function sweep(people: readonly Person[]): Promise<void> {
  const dueAts = dueAtsOf(people);
  const [first] = people;
  if (dueAts.length === 0 || !first) return;
  const { time } = first.world;
  // Sweeps come once a minute, and a pause of MaiAgent may last for some seconds.
  await time.sleepTo(Math.max(...dueAts, time.now() + PAUSE_MS) + 1);
  await first.perform('sweep');
}
