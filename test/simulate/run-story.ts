import { createHash } from 'node:crypto';
import { inboxId } from '../rigs/real-parts.ts';
import { crashSettings } from '../crash/jobs.ts';
import { setUp } from '../crash/setups.ts';
import { judge } from '../crash/verdict.ts';
import { SimulatedBroadcasts } from './broadcast/simulated-broadcasts.ts';
import type { RowChange } from '../world/database/memory-database.ts';
import { judgeChange } from './judge-change.ts';
import { randomOf } from '../world/random.ts';
import { SimulatedPerson } from './simulated-person.ts';
import { Stage, type Happening } from './stage.ts';
import type { Story } from './story.ts';

/** What came of a story. */
export interface Outcome {
  readonly story: Story;
  readonly accusations: readonly string[];
  readonly happenings: readonly Happening[];
  /** How many calls were made while there was trouble, and how many met some. */
  readonly calls: number;
  readonly troubles: number;
  /** The same for two runs that went the same way to the same end. */
  readonly trace: () => string;
}

/** Families of random numbers: no two of them may follow from the same keys. 5, 6, 8, 10 and 11 are used elsewhere. */
const STEP = 2;
const REPEAT = 3;
const STREAM = 4;
const CONVERSATION = 9;

/** The stream is a hint: it may be switched off, and now and then it says nothing. */
const STREAM_LIKELIHOOD = 0.7;
const STREAM_MS_MAX = [5, 300, 3_000] as const;
/** With the longest backoff and a lease or two everything is right again by then ("within minutes"). */
const CONVERGED_MS_MAX = 15 * 60_000;
const ROUNDS_MAX = 10;
const CHATTED_LIKELIHOOD = 0.8;

/** Plays one story to its end: set-up, everybody at once under trouble, recovery, verdict. */
export async function runStory(story: Story): Promise<Outcome> {
  const stage = await Stage.build(story);
  const wrong = new Set<string>();
  const people = new Map(story.people.map(({ number }) => [number, new SimulatedPerson(stage, number)]));
  stage.isRough = false;
  for (const { number, setup } of story.people) {
    const person = people.get(number);
    if (person) await setUp(setup, person.asInCrashTests, stage.ground);
  }
  const broadcasts = story.broadcasts.length > 0 ? publish(stage, people) : undefined;
  stage.isRough = true;
  const wake = followStream(stage, people);
  stage.changed = (change) => {
    wrong.add(judgeChange(change) ?? '');
    broadcasts?.changed(change);
    if (stage.isRough) wake(change);
  };
  begin(stage, people, broadcasts);
  await stage.time.drain();
  stage.isRough = false;
  await broadcasts?.settle();
  const everybody = [...people.values()];
  await recover(stage, everybody);
  for (const person of everybody) await judge(person.asInCrashTests, stage.ground);
  wrong.delete('');
  const seen = [...everybody.flatMap(({ witness }) => witness.accusations), ...(broadcasts?.accusations ?? [])];
  const accusations = [...wrong, ...seen, ...bugsIn(stage)];
  const { happenings, calls, troubles } = stage;
  const trace = (): string => traceOf(stage);
  return { story, accusations: [...new Set(accusations)], happenings, calls, troubles, trace };
}

/** Most people have chatted before, and can be written to. Nobody else can, so that only stories with broadcasts need them. */
function publish(stage: Stage, people: ReadonlyMap<number, SimulatedPerson>): SimulatedBroadcasts {
  const { store } = stage.world;
  const everybody = [...people];
  const contacts = everybody.flatMap(([number, { userId }]) => {
    const own = store.liveContacts.find((one) => one.sourceId === userId && one.inboxes.includes(inboxId));
    const random = randomOf(stage.story.seed, CONVERSATION, number);
    if (own && random.isLikely(CHATTED_LIKELIHOOD)) store.addConversation(own.id);
    return own ? [own.id] : [];
  });
  return new SimulatedBroadcasts(stage, { userIds: everybody.map(([, { userId }]) => userId), contactIds: contacts });
}

/** Everything that is said is ready before the first of it is sent, so that it can overtake each other. */
function begin(
  stage: Stage,
  people: ReadonlyMap<number, SimulatedPerson>,
  broadcasts: SimulatedBroadcasts | undefined,
): void {
  for (const step of stage.story.steps) {
    const { number, act, atMs, againAtMs, since } = step;
    const isOfPerson = 'person' in step;
    const attempt = isOfPerson ? people.get(step.person)?.prepare(step.act) : broadcasts?.prepare(step);
    if (!attempt) continue;
    const name = `step ${number}, ${act} of ${isOfPerson ? `person ${step.person}` : `broadcast ${step.broadcast}`}`;
    const happen = (): void => {
      stage.time.in(atMs, () => stage.start(attempt(name, [STEP, number]), name));
      if (againAtMs !== undefined)
        stage.time.in(againAtMs, () => stage.start(attempt(`${name}, once more`, [REPEAT, number]), name));
    };
    if (since === undefined) happen();
    else broadcasts?.whenPlanned(since, happen);
  }
}

/** The table's stream wakes `sync` for rows that say so (`wake`), some time later, and not always. */
function followStream(stage: Stage, people: ReadonlyMap<number, SimulatedPerson>): (change: RowChange) => void {
  const wakes = new Map<number, number>();
  return ({ after }) => {
    if (after?.['wake']?.S !== 'now') return;
    const found = [...people].find(([, { pk }]) => pk === after['pk']?.S);
    if (!found) return;
    const [number, person] = found;
    const wake = (wakes.get(number) ?? 0) + 1;
    wakes.set(number, wake);
    const random = randomOf(stage.story.seed, STREAM, number, wake);
    const name = `stream ${wake} for person ${number}`;
    if (!random.isLikely(STREAM_LIKELIHOOD) || stage.story.spared.has(name)) return;
    const attempt = person.prepare('sync');
    stage.time.in(random.below(random.one(STREAM_MS_MAX)), () =>
      stage.start(attempt(name, [STREAM, number, wake]), name),
    );
  };
}

/** No more trouble: everybody who was not answered comes again, and all comes right, with sign-ins or without. */
async function recover(stage: Stage, people: readonly SimulatedPerson[]): Promise<void> {
  const from = stage.time.elapsed();
  const [first] = people;
  // In half of the stories nobody signs in before all is right: that must not need a person.
  if (stage.story.seed % 2 === 0) {
    await rest(stage, people, async () => {
      for (const person of people) await person.perform('sign-in');
    });
  } else {
    await rest(stage, people, () => Promise.resolve());
    for (const person of people) await person.perform('sign-in');
    await rest(stage, people, () => Promise.resolve());
  }
  if (stage.time.elapsed() - from > CONVERGED_MS_MAX) first?.witness.accuse('it converges too slowly');
  if (people.some(({ isTouchedByOthers }) => isTouchedByOthers)) {
    // An audit passes over a link that is owed or leased, so it comes last.
    stage.time.advance(crashSettings.leaseMs + 1);
    await first?.perform('audit');
    await rest(stage, people, () => Promise.resolve());
  }
  for (const person of people) await person.perform('sign-in');
  if (!(await isAtRest(people))) first?.witness.accuse('a sign-in that says nothing new leaves something to do');
}

/** Rounds of everybody who comes again, and a sweep, until nothing is owed to anybody. */
async function rest(stage: Stage, people: readonly SimulatedPerson[], comeAgain: () => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    for (const person of people) await person.tellAgain();
    await comeAgain();
    await sweep(stage, people);
    if (await isAtRest(people)) return;
  }
  people[0]?.witness.accuse('it does not converge');
}

async function isAtRest(people: readonly SimulatedPerson[]): Promise<boolean> {
  const rows = await Promise.all(people.map((person) => person.row()));
  return rows.every((row) => row?.dueAt === undefined) && people.every(({ isAllTold }) => isAllTold);
}

/** Time passes until all that is due now may be served, and a sweep comes. */
async function sweep(stage: Stage, people: readonly SimulatedPerson[]): Promise<void> {
  const rows = await Promise.all(people.map((person) => person.row()));
  const dueAts = rows.flatMap((row) => (row?.dueAt === undefined ? [] : Math.max(row.dueAt, row.leaseUntil ?? 0)));
  if (dueAts.length === 0) return;
  stage.time.moveTo(Math.max(...dueAts) + 1);
  await people[0]?.perform('sweep');
}

const failures = new Set(['bug', 'link-failed', 'row-failed', 'batch-failed', 'firing-unreadable']);

/** A bug is whatever the jobs did not expect, apart from the table and the scheduler that could not be reached; and what a careful client never does. */
function bugsIn(stage: Stage): string[] {
  const bugs = stage.lines.filter((line) => {
    const { event, kind } = JSON.parse(line) as { event?: string; kind?: string };
    return failures.has(event ?? '') && kind !== 'TableUnreachable' && kind !== 'SchedulerUnreachable';
  });
  const mistakes = Object.keys(stage.world.calls.bugs).map((bug) => `MaiAgent counts a mistake: ${bug}`);
  return [...bugs.map((line) => `logged ${line}`), ...mistakes, ...stage.failures];
}

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;

/** Ids that are random by nature are named by the order in which they turn up. */
function traceOf(stage: Stage): string {
  const names = new Map<string, string>();
  const rows = ['Links', 'Broadcasts'].flatMap((table) => stage.database.rows(table)).map((row) => JSON.stringify(row));
  // Who deletes a contact behind the bridge's back does it at a moment of the real clock.
  const contacts = stage.world.store.contacts.map(({ deletedAt, ...contact }) =>
    JSON.stringify({ ...contact, isDeleted: deletedAt !== null }),
  );
  const happenings = stage.happenings.map(({ atMs, who, what }) => `${atMs} ${who} ${what}`);
  const conversations = stage.world.store.conversations.map((one) => JSON.stringify(one));
  const text = [...happenings, ...rows, ...contacts, ...conversations].join('\n').replaceAll(UUID, (id) => {
    const name = names.get(id) ?? `id ${names.size}`;
    names.set(id, name);
    return name;
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
