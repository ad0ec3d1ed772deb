import { createHash } from 'node:crypto';
import { Gauntlet, type Strike } from './gauntlet.ts';
import type { Ground } from './jobs.ts';
import { Person, type Act } from './person.ts';
import { setUp, type Setup } from './setups.ts';
import { judge } from './verdict.ts';

/** One run of one story, perhaps with a fault, perhaps with somebody who comes between. */
export interface CrashCase {
  /** Says everything that is needed to run it again. */
  readonly id: string;
  readonly setup: Setup;
  readonly acts: readonly Act[];
  readonly strike?: Strike;
  /** Who runs to the end just before boundary `at`, perhaps with a fault of its own; `isOlder`: what it says was said before the story. */
  readonly meeting?: {
    readonly at: number;
    readonly act: Act;
    readonly strike?: Strike;
    readonly isOlder?: boolean;
  };
  /** Who comes first when the faults are over, and what others do while a caller is held. */
  readonly isSyncFirst?: boolean;
  readonly rival?: readonly Act[];
}

/** What came of a case: the boundaries that its story crossed, then those of the one it met; the faults; what it is accused of. */
export interface Outcome {
  readonly id: string;
  readonly crossed: readonly string[];
  readonly crossedByMet: readonly string[];
  readonly struck: readonly string[];
  readonly accusations: readonly string[];
}

/** With the longest backoff and a lease or two everything is right again by then ("within minutes"). */
const CONVERGED_MS_MAX = 15 * 60_000;
const ROUNDS_MAX = 10;

/** Runs one case to its end: set-up, story under attack, recovery, verdict. */
export async function runCase(crash: CrashCase, ground: Ground): Promise<Outcome> {
  // No id is a part of another one, and the same case has the same user each time.
  const person = new Person(ground, createHash('sha256').update(crash.id).digest('hex').slice(0, 20));
  if (crash.rival) person.rival = crash.rival;
  await setUp(crash.setup, person, ground);
  const { meeting } = crash;
  const older = meeting?.isOlder ? person.prepare(meeting.act) : undefined;
  const attempts = crash.acts.map((act) => person.prepare(act));
  const met = new Gauntlet(meeting?.strike);
  const other = meeting && (older ?? person.prepare(meeting.act));
  const gauntlet = new Gauntlet(crash.strike, meeting && other && [{ at: meeting.at, run: () => other(met) }]);
  for (const attempt of attempts) await attempt(gauntlet);
  await person.afterwards();
  await recover(person, crash.isSyncFirst ?? false);
  await judge(person, ground);
  judgeLog(person);
  return {
    id: crash.id,
    crossed: gauntlet.crossed,
    crossedByMet: met.crossed,
    struck: [...gauntlet.struck, ...met.struck],
    accusations: [...new Set(person.witness.accusations)],
  };
}

/** No more faults: everybody who was not answered comes again, the user signs in, and the sweep serves what is due. */
async function recover(person: Person, isSyncFirst: boolean): Promise<void> {
  const from = person.clock.now();
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    await person.tellAgain();
    if (!isSyncFirst) await person.perform('sign-in');
    if (person.isTouchedByOthers) await person.perform('audit');
    await serveDue(person);
    if (isSyncFirst) await person.perform('sign-in');
    if (person.isAllTold && (await isAtRest(person))) break;
  }
  if (!person.isAllTold || !(await isAtRest(person))) person.witness.accuse('it does not converge');
  if (person.clock.now() - from > CONVERGED_MS_MAX) person.witness.accuse('it converges too slowly');
  await person.perform('sign-in');
  if (!(await isAtRest(person))) person.witness.accuse('a sign-in that says nothing new leaves something to do');
}

const isAtRest = async (person: Person): Promise<boolean> => (await person.row())?.dueAt === undefined;

/** What a sweep does for one link: it serves it when it is due, and not before. */
async function serveDue(person: Person): Promise<void> {
  const row = await person.row();
  if (row?.dueAt === undefined) return;
  person.clock.moveTo(Math.max(row.dueAt, row.leaseUntil ?? 0) + 1);
  await person.perform('sync');
}

/** A bug is whatever the jobs did not expect, apart from the table that could not be reached. */
function judgeLog({ lines, witness }: Person): void {
  for (const line of lines) {
    const { event, kind } = JSON.parse(line) as { event?: string; kind?: string };
    if ((event === 'bug' || event === 'link-failed') && kind !== 'TableUnreachable') witness.accuse(`logged ${line}`);
  }
}
