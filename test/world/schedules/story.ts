import type { Switches } from '../../../local/emulator/state/switches.ts';
import type { BroadcastAct } from '../broadcasts/campaign.ts';
import type { Act } from '../contacts/person.ts';
import type { Setup } from '../contacts/setups.ts';
import { families, gap, paces, randomOf, type Random } from '../random.ts';
import type { Weakness } from '../weaknesses.ts';

/** One broadcast of a story: when it is sent, and to whom. */
export interface Plot {
  readonly number: number;
  readonly schedule: 'now' | 'at' | 'rate';
  readonly audience: 'users' | 'contacts' | 'all';
  /** So many users whom nobody knows stand in the list after the first person: with some dozens it takes two batches. */
  readonly ghosts: number;
  /** How far ahead a single time is, in ms. */
  readonly aheadMs: number;
  readonly latenessMinutes: number;
}

/** One thing that somebody does: to a person, or on a person's behalf; or to a broadcast. */
export type Step = {
  /** Stays with the step when others are taken away, because its random numbers follow from it. */
  readonly number: number;
  /** When it is done, in ms since the story began. What it says may have happened long before. */
  readonly atMs: number;
  /** The broadcast whose first plan is when its time begins, where it is not the story's beginning. */
  readonly since?: number;
  /** When the very same is done once more. */
  readonly againAtMs?: number;
} & ({ readonly person: number; readonly act: Act } | { readonly broadcast: number; readonly act: BroadcastAct });

/** All that a simulation follows from. The same story always goes the same way. */
export interface Story {
  readonly seed: number;
  readonly uniqueness: Switches['uniqueness'];
  readonly switches: Partial<Switches>;
  readonly people: readonly { readonly number: number; readonly setup: Setup }[];
  /** How far the tables' indexes are behind while there is trouble. */
  readonly indexLagMs: number;
  /** What is sent to them; nothing in most stories. */
  readonly broadcasts: readonly Plot[];
  readonly steps: readonly Step[];
  /** Places of calls that are spared the trouble that the seed has for them. */
  readonly spared: ReadonlySet<string>;
  /** Makes the bridge weaker on purpose, to show that it is found. */
  readonly weakness?: Weakness;
}

/** How many people a story has, each as likely as the others here. */
const crowds = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 6] as const;
/** Of a story that has broadcasts too. */
const audiences = [1, 2, 2, 3, 3, 4] as const;
const STEPS_MIN = 3;
const STEPS_MAX = 11;
/** What people do beside broadcasts: enough to come between, and little enough for many stories. */
const STEPS_BESIDE_MAX = 5;

/** How many people nobody has heard of yet: most of what can go wrong goes wrong with them, and they cost no time to set up. */
const STRANGERS = 0.4;
/** Where something is sent, most of them have a contact. */
const STRANGERS_BESIDE = 0.1;
const setups: readonly Setup[] = [
  'known',
  'token member',
  'back-end member',
  'member',
  'signed-in member',
  'talker',
  'changed',
  'changed back',
  'to be disabled',
  'to be deleted',
  'to be recreated',
  'disabled',
  'deleted',
  'edited',
  'vanished',
  'vanished, changed',
  'visited member',
];

/** Of a story that has broadcasts too: most have a contact, to which something is to happen. */
const recipients: readonly Setup[] = [
  'member',
  'member',
  'signed-in member',
  'signed-in member',
  'talker',
  'talker',
  'token member',
  'back-end member',
  'changed',
  'to be disabled',
  'to be deleted',
  'to be recreated',
  'disabled',
  'vanished',
];

/** Mostly some milliseconds; the production code counts on a second (`functions/broadcasts/work-run.ts`). */
const lagsMs = [0, 0, 20, 300, 1_000] as const;

/** The actors and how often each has its turn: people at the chat, the back end, the user store, and the bridge's own timers. */
const actors: readonly { readonly often: number; readonly acts: readonly Act[] }[] = [
  { often: 5, acts: ['sign-in', 'sign-in', 'sign-in-anew'] },
  { often: 2, acts: ['put', 'put', 'put', 'put-created', 'put-created', 'put-disabled'] },
  {
    often: 5,
    acts: [
      'told-created',
      'told-created',
      'told-created',
      'told-updated',
      'told-updated',
      'told-updated',
      'told-updated-back',
      'told-created-back',
      'told-disabled',
      'told-enabled',
      'told-enabled',
      'told-deleted',
    ],
  },
  { often: 3, acts: ['sync', 'sync', 'sync', 'sync', 'sweep', 'audit'] },
];
const turns = actors.flatMap((actor) => Array.from({ length: actor.often }, () => actor));

/** The story of a seed. `steps` sets how many steps its people have; otherwise the seed does. */
export function storyOf(seed: number, steps?: number): Story {
  const broadcasts = plotsOf(seed);
  const hasBroadcasts = broadcasts.length > 0;
  const random = randomOf(seed, 1);
  const people = Array.from({ length: random.one(hasBroadcasts ? audiences : crowds) }, (_, number) => ({
    number,
    setup: random.isLikely(hasBroadcasts ? STRANGERS_BESIDE : STRANGERS)
      ? 'stranger'
      : random.one(hasBroadcasts ? recipients : setups),
  }));
  const drawn = random.below(STEPS_MAX - STEPS_MIN + 1);
  const length = hasBroadcasts ? drawn % STEPS_BESIDE_MAX : STEPS_MIN + drawn + 2 * (people.length - 1);
  const lives = hasBroadcasts ? [] : lifeSteps(seed);
  const own = personSteps(steps ?? length, people.length, random);
  const others = broadcastSteps(seed, broadcasts, { people: people.length, from: own.length });
  const quarantined = quarantineSteps(seed, people.length, own.length + others.length);
  const before = [...own, ...others, ...quarantined];
  return {
    seed,
    uniqueness: uniquenessOf(random),
    switches: switchesOf(random),
    people,
    indexLagMs: randomOf(seed, families.lag).one(lagsMs),
    broadcasts,
    steps: [...before, ...lives.map((step, index) => ({ ...step, number: before.length + index }))],
    spared: new Set(),
  };
}

function personSteps(length: number, people: number, random: Random): Step[] {
  const pace = random.one(paces);
  let atMs = 0;
  return Array.from({ length }, (_, number) => {
    atMs += gap(random, pace);
    const late = random.isLikely(0.25) ? gap(random, pace) : 0;
    const again = random.isLikely(0.15) ? { againAtMs: atMs + late + gap(random, pace) } : {};
    const act = random.one(random.one(turns).acts);
    return { number, person: random.below(people), act, atMs: atMs + late, ...again };
  });
}

/** What the user store sends that cannot be taken yet, or never. */
const unreadables = ['told-ahead', 'told-ahead', 'told-ahead-again', 'told-nonsense', 'told-other'] as const;
/** What people do about it. */
const operations = ['redrive', 'redrive', 'redrive', 'discard', 'rotate-secret'] as const;
const STORIES_WITH_QUARANTINE = 0.4;

/** What goes into the quarantine and out of it: two redrives at once, and both while the time of what lies ahead comes. */
function quarantineSteps(seed: number, people: number, from: number): Step[] {
  const random = randomOf(seed, families.quarantine);
  if (!random.isLikely(STORIES_WITH_QUARANTINE)) return [];
  const some = (acts: readonly Act[], atMsMax: readonly number[]): Omit<Step, 'number'>[] =>
    Array.from({ length: 1 + random.below(3) }, () => {
      const atMs = random.below(random.one(atMsMax));
      const again = random.isLikely(0.4) ? { againAtMs: atMs + random.below(random.one([20, 3_000])) } : {};
      return { person: random.below(people), act: random.one(acts), atMs, ...again };
    });
  const steps = [...some(unreadables, [300, 5_000]), ...some(operations, [3_000, 60_000, 400_000])];
  return steps.map((step, index) => ({ ...step, number: from + index }) as Step);
}

/** What ends a life or begins one: a visit and who it turns out to be, an erasure, a creation after it, another contact. */
const lifeTurns = [
  'visit',
  'visit',
  'sign-in-visited',
  'sign-in-visited',
  'rotate',
  'told-deleted',
  'told-created',
  'told-updated',
] as const;
const STORIES_OF_LIVES = 0.3;

function lifeSteps(seed: number): Unnumbered<Step>[] {
  const random = randomOf(seed, families.lives);
  if (!random.isLikely(STORIES_OF_LIVES)) return [];
  const pace = random.one(paces);
  let atMs = 0;
  return Array.from({ length: 2 + random.below(5) }, () => {
    atMs += gap(random, pace);
    const again = random.isLikely(0.2) ? { againAtMs: atMs + gap(random, pace) } : {};
    return { person: 0, act: random.one(lifeTurns), atMs, ...again };
  });
}

/** Where MaiAgent refuses duplicates it covers up for a second create, so mostly it does not. */
const uniquenessOf = (random: Random): Switches['uniqueness'] => random.one(['none', 'none', 'racy', 'atomic']);

/** What MaiAgent's documents leave open, some other way each time. */
function switchesOf(random: Random): Partial<Switches> {
  return {
    racyWaitMs: random.one([1, 50, 1_000]),
    echo: random.one(['full', 'sparse', 'id']),
    updateReply: random.one(['full', 'message', 'empty']),
    dupStatus: random.one([400, 409, 500]),
    timestamps: random.one(['epochMsString', 'iso']),
    metadataOut: random.one(['array', 'object']),
    reuseSourceIdAfterDelete: random.isLikely(0.7),
  };
}

/** What the back office looks at. */
const looks = ['list', 'show', 'recipients'] as const;
/** What takes a contact from somebody, or gives another one back. */
const losses = ['told-disabled', 'told-deleted', 'told-deleted', 'told-created', 'put-disabled'] as const;

/** They take longer than others, so that they are a quarter of all stories. */
const STORIES_WITH_BROADCASTS = 0.25;
/** A single time must be half a minute ahead; on the way to the table some seconds pass. */
const NOTICE_MS = 40_000;
/** One more than a batch holds, with the first person. */
const GHOSTS = 50;

/** The broadcasts of a seed's story. */
function plotsOf(seed: number): Plot[] {
  const random = randomOf(seed, families.plot);
  if (!random.isLikely(STORIES_WITH_BROADCASTS)) return [];
  return Array.from({ length: random.one([1, 1, 1, 2]) }, (_, number) => ({
    number,
    schedule: random.one(['now', 'now', 'now', 'at', 'rate']),
    audience: random.one(['users', 'users', 'contacts', 'all']),
    ghosts: random.isLikely(0.15) ? GHOSTS : random.below(2),
    aheadMs: NOTICE_MS + random.below(random.one([10_000, 120_000])),
    latenessMinutes: random.one([1, 60]),
  }));
}

/** What is done to them, and to their recipients on the way. Steps are numbered from `from` on. */
function broadcastSteps(
  seed: number,
  plots: readonly Plot[],
  { people, from }: { readonly people: number; readonly from: number },
): Step[] {
  const random = randomOf(seed, families.plot, 1);
  const pace = random.one(paces);
  const steps = plots.flatMap(({ number }) => [
    ...stepsOf(number, random, pace),
    ...stepsBetween(number, people, random),
  ]);
  return steps.map((step, index) => ({ ...step, number: from + index }));
}

type Unnumbered<Kind extends Step> = Kind extends Step ? Omit<Kind, 'number'> : never;

function stepsOf(broadcast: number, random: Random, pace: number): Unnumbered<Step>[] {
  const bornAtMs = gap(random, pace);
  const at = (act: BroadcastAct, atMs: number) => ({ broadcast, act, atMs });
  const again = random.isLikely(0.5) ? { againAtMs: bornAtMs + gap(random, pace) } : {};
  const steps: Unnumbered<Step>[] = [{ ...at('create', bornAtMs), ...again }];
  if (random.isLikely(0.2)) steps.push(at('cancel', bornAtMs + random.below(random.one([3_000, 300_000]))));
  if (random.isLikely(0.3)) steps.push(at('chat', bornAtMs + random.below(20_000)));
  if (random.isLikely(0.2)) steps.push(at(random.one(looks), bornAtMs + random.below(20_000)));
  // While somebody else is at it: the others come when something is due.
  if (random.isLikely(0.5)) steps.push(at('sweep', bornAtMs + random.below(10_000)));
  return steps;
}

/** What comes between plan, claim and answer. */
function stepsBetween(broadcast: number, people: number, random: Random): Unnumbered<Step>[] {
  const when = () => ({ since: broadcast, atMs: random.below(random.one([300, 3_000, 30_000])) });
  const steps: Unnumbered<Step>[] = [];
  if (random.isLikely(0.35)) steps.push({ ...when(), broadcast, act: 'cancel' });
  while (random.isLikely(0.5)) steps.push({ ...when(), person: random.below(people), act: random.one(losses) });
  return steps;
}
