import { boundaries } from '../boundaries.ts';
import { faultsAt, quietly, type Call, type Fault, type Way } from '../faults.ts';
import type { Adversary, Invocation } from '../invocation.ts';
import { randomOf, type Random } from '../random.ts';
import { claimMs, leaseMs } from '../settings.ts';
import type { World } from '../world.ts';
import type { Story } from './story.ts';

/** Where trouble is likely for a kind of invocation, and which one. */
interface Fate {
  /** How much likelier than others a call meets trouble: 1 where it is not named. */
  readonly weights: Readonly<Record<string, number>>;
  /** Whether the caller does nothing any more, or nothing new, after it: that teaches little before it has begun. */
  readonly isEnd: (fault: Fault, boundary: string) => boolean;
  /** So many draws have to agree on an end. */
  readonly draws: number;
  /** How long others have to wait for one who is late, in ms: until the caller's lease or claim is over. */
  readonly holdMs: number;
}

/** How likely a call of an invocation meets trouble: some get through nearly unharmed, others hardly at all. */
const rates = [0.1, 0.5, 0.8] as const;
/** When a lease is over, others have had so much time. */
const AND_MORE_MS = 1_000;

const isEnd = (fault: Fault, boundary: string): boolean =>
  fault.startsWith('kill') || (fault === 'fail' && boundaries[boundary] === 'table read');

/** Calls that come in dozens where a job looks for work, or looks again and again, are mostly spared. */
const ofLinks: Fate = { weights: { 'table:due': 0.2, 'table:read': 0.7 }, isEnd, draws: 3, holdMs: leaseMs };

const thrown: ReadonlySet<Fault> = new Set(['fail', 'fail-after', 'zombie']);
/** The calls by which somebody gets a message, and by which it is kept: these are what it is all about. */
const decisive = new Set(['table:claim', 'maiagent:broadcast', 'table:report', 'table:settle', 'table:cancel']);

/** A worker has a long way to the few decisive calls, and gives up over any failure of its table. */
const ofBroadcasts: Fate = {
  weights: {
    'table:due': 0.6,
    'table:create': 0.5,
    'table:everyone': 0.5,
    'table:by-contact': 0.5,
    'table:turn': 0.7,
    'table:claim': 1.5,
    'maiagent:broadcast': 3,
    'table:report': 1.5,
  },
  isEnd: (fault, boundary) =>
    !decisive.has(boundary) && (isEnd(fault, boundary) || (thrown.has(fault) && !boundary.startsWith('maiagent:'))),
  draws: 5,
  holdMs: claimMs,
};
const fates = { links: ofLinks, broadcasts: ofBroadcasts } as const;

/**
 * The adversary of one invocation, by the seed of its story: how long each call is on its way there and back, and what befalls it. What
 * it draws follows from keys of its own, so that a story with a step less keeps all other steps as they were.
 */
export class Seeded implements Adversary {
  readonly name: string;
  readonly #story: Pick<Story, 'seed' | 'spared'>;
  readonly #world: World;
  readonly #keys: readonly number[];
  readonly #fate: Fate;
  readonly #rate: number;
  #calls = 0;

  constructor(
    name: string,
    keys: readonly number[],
    fate: keyof typeof fates,
    story: Pick<Story, 'seed' | 'spared'>,
    world: World,
  ) {
    this.name = name;
    this.#story = story;
    this.#world = world;
    this.#keys = [story.seed, ...keys];
    this.#fate = fates[fate];
    this.#rate = randomOf(...this.#keys).one(rates);
  }

  async meet({ boundary, party, timeoutMs }: Call<unknown>, by: Invocation): Promise<Way | undefined> {
    const { time } = this.#world;
    const place = `${this.name} call ${this.#calls}`;
    const random = randomOf(...this.#keys, this.#calls);
    this.#calls += 1;
    // What the sender has a timer for is there and back in time.
    const wayMsMax = party === 'maiagent' || party === 'store' ? timeoutMs / 2 : Infinity;
    const thereMs = Math.min(drawLatency(random), wayMsMax);
    const backMs = Math.min(drawLatency(random), wayMsMax);
    const drawn = this.#draw(boundary, random);
    const fault = this.#story.spared.has(place) ? undefined : drawn;
    await by.home();
    await time.sleep(thereMs);
    await by.home();
    this.#world.note(this.name, fault === undefined ? boundary : `${boundary} (${fault})`, fault && place);
    return { fault, backMs, ...this.#later(boundary, fault, random) };
  }

  #later(boundary: string, fault: Fault | undefined, random: Random): Pick<Way, 'stall' | 'later'> {
    const { time } = this.#world;
    const { holdMs } = this.#fate;
    const stallMs = holdMs + AND_MORE_MS + random.below(1_000);
    return {
      stall: () =>
        time.sleep(
          fault === 'freeze' ? random.one([100 + random.below(400), 1_000 + random.below(4_000), stallMs]) : stallMs,
        ),
      later: (effect, when, call) =>
        time.in(random.below(when === 'protected' ? call.lateMsMax() : 2 * (holdMs + AND_MORE_MS)), () => {
          this.#world.note(this.name, `${boundary}, long on its way, takes effect`);
          void quietly(effect);
        }),
    };
  }

  /** The trouble of one call, or none. */
  #draw(boundary: string, random: Random): Fault | undefined {
    const { weights, draws, isEnd } = this.#fate;
    const isTroubled = random.isLikely(this.#rate * (weights[boundary] ?? 1));
    const faults = faultsAt(boundary);
    const drawn = Array.from({ length: draws }, () => random.one(faults));
    return isTroubled ? (drawn.find((fault) => !isEnd(fault, boundary)) ?? drawn[0]) : undefined;
  }
}

/** How long something is on its way, in ms: mostly short, sometimes long enough for others to come between. */
function drawLatency(random: Random): number {
  const kind = random.fraction();
  if (kind < 0.7) return 1 + random.below(20);
  return kind < 0.95 ? 20 + random.below(300) : 300 + random.below(3_000);
}
