import type { Emulator } from '../../local/emulator/server.ts';
import type { TableInput } from '../crash/boundary.ts';
import type { Act } from '../crash/person.ts';
import type { Setup } from '../crash/setups.ts';
import { randomOf, type Random } from './random.ts';

type Switches = Emulator['switches'];

/** One thing that somebody does to one person, or on a person's behalf. */
export interface Step {
  /** Stays with the step when others are taken away, because its random numbers follow from it. */
  readonly number: number;
  readonly person: number;
  readonly act: Act;
  /** When it is done, in ms since the story began. What it says may have happened long before. */
  readonly atMs: number;
  /** When the very same is done once more. */
  readonly againAtMs?: number;
}

/** All that a simulation follows from. The same story always goes the same way. */
export interface Story {
  readonly seed: number;
  readonly uniqueness: Switches['uniqueness'];
  readonly switches: Partial<Switches>;
  readonly people: readonly { readonly number: number; readonly setup: Setup }[];
  readonly steps: readonly Step[];
  /** Places of calls that are spared the trouble that the seed has for them. */
  readonly spared: ReadonlySet<string>;
  /** Makes the bridge weaker on purpose, to show that it is found. */
  readonly weakness?: (boundary: string, input: TableInput) => TableInput;
}

/** How many people a story has, each as likely as the others here. */
const crowds = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 6] as const;
const STEPS_MIN = 3;
const STEPS_MAX = 11;

/** How many people nobody has heard of yet: most of what can go wrong goes wrong with them, and they cost no time to set up. */
const STRANGERS = 0.4;
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
];

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

/** The story of a seed. `steps` sets how many steps it has; otherwise the seed does. */
export function storyOf(seed: number, steps?: number): Story {
  const random = randomOf(seed, 1);
  const people = Array.from({ length: random.one(crowds) }, (_, number) => ({
    number,
    setup: random.isLikely(STRANGERS) ? 'stranger' : random.one(setups),
  }));
  const length = steps ?? STEPS_MIN + random.below(STEPS_MAX - STEPS_MIN + 1) + 2 * (people.length - 1);
  const pace = random.one(paces);
  let atMs = 0;
  const drawn = Array.from({ length }, (_, number): Step => {
    atMs += gap(random, pace);
    const late = random.isLikely(0.25) ? gap(random, pace) : 0;
    const again = random.isLikely(0.15) ? { againAtMs: atMs + late + gap(random, pace) } : {};
    const act = random.one(random.one(turns).acts);
    return { number, person: random.below(people.length), act, atMs: atMs + late, ...again };
  });
  return {
    seed,
    uniqueness: uniquenessOf(random),
    switches: switchesOf(random),
    people,
    steps: drawn,
    spared: new Set(),
  };
}

/** How long people mostly wait for each other in a story, in ms: not at all, about as long as a call takes, as long as a job does. */
const paces = [3, 40, 400] as const;

/** Between two steps: mostly as the story's pace is, now and then some seconds, or longer than a lease. */
function gap(random: Random, pace: number): number {
  const kind = random.fraction();
  if (kind < 0.75) return random.below(pace);
  return kind < 0.92 ? random.below(5_000) : random.below(130_000);
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
