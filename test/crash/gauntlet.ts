import { faultsAt, type Fault } from './boundary.ts';

/** A call at one boundary, and the ways in which it can go wrong for its caller. */
export interface Call<Answer> {
  readonly party: 'table' | 'maiagent';
  readonly effect: () => Promise<Answer>;
  /** Nothing happened, and the caller learns that: throws, or says `not-sent`. */
  readonly fail: () => Answer;
  /** Nobody knows what happened. */
  readonly lost: () => Answer;
  /** How long the caller waits before it takes a call for lost. */
  readonly timeoutMs: number;
}

/** What the adversary can do to the world around the caller. */
export interface World {
  /** Monotonic time in ms. */
  elapsed(): number;
  /** Lets time pass. */
  advance(ms: number): void;
  /** The caller is dead. */
  killed(): void;
  /** The lease of the caller passes, and others come. */
  stall(): Promise<void>;
  /** Keeps an effect for later: a call to MaiAgent that comes within the lease, or a write that comes once more after it. */
  later(effect: () => Promise<unknown>, when: 'within-the-lease' | 'after-the-lease'): void;
}

/** One fault: at the crossing with this number in the story, or at the nth crossing of a boundary; which one, or a number to choose by. */
export type Strike =
  | { readonly boundary: string; readonly occurrence: number; readonly fault: Fault }
  | { readonly at: number; readonly choice: number };

/** Someone else who runs to the end just before the crossing with this number, or before the first one of a boundary. */
export interface Meeting {
  readonly at: number | string;
  readonly run: () => Promise<void>;
}

/**
 * The adversary on the way of one story: it counts the boundaries that the story crosses, over all its invocations, and strikes
 * at the one it was told to.
 */
export class Gauntlet {
  readonly crossed: string[] = [];
  /** What was done, where: `boundary/fault`. */
  readonly struck: string[] = [];
  readonly #strike: Strike | undefined;
  readonly #meetings: readonly Meeting[];
  readonly #faultsAt: (boundary: string) => readonly Fault[];

  constructor(
    strike?: Strike,
    meetings: readonly Meeting[] = [],
    faults: (boundary: string) => readonly Fault[] = faultsAt,
  ) {
    this.#strike = strike;
    this.#meetings = meetings;
    this.#faultsAt = faults;
  }

  /** Takes one call over its boundary. */
  async cross<Answer>(boundary: string, call: Call<Answer>, world: World): Promise<Answer> {
    const at = this.crossed.push(boundary) - 1;
    const occurrence = this.crossed.filter((one) => one === boundary).length;
    const from = world.elapsed();
    for (const meeting of this.#meetings)
      if (meeting.at === at || (meeting.at === boundary && occurrence === 1)) await meeting.run();
    // Whoever sends to MaiAgent sets a timer in the same breath: a pause that outlasts it leaves nothing to be sent.
    if (call.party === 'maiagent' && world.elapsed() - from >= call.timeoutMs) return call.fail();
    const fault = this.#faultAt(at, boundary, occurrence);
    if (fault === undefined) return call.effect();
    this.struck.push(`${boundary}/${fault}`);
    return suffer(fault, call, world);
  }

  #faultAt(at: number, boundary: string, occurrence: number): Fault | undefined {
    const strike = this.#strike;
    if (strike === undefined) return undefined;
    if ('fault' in strike)
      return strike.boundary === boundary && strike.occurrence === occurrence ? strike.fault : undefined;
    const faults = this.#faultsAt(boundary);
    return strike.at === at ? faults[strike.choice % faults.length] : undefined;
  }
}

async function suffer<Answer>(fault: Fault, call: Call<Answer>, world: World): Promise<Answer> {
  const { party, effect } = call;
  switch (fault) {
    case 'kill-before':
      return kill(world);
    case 'kill-after':
      await effect().catch(() => undefined);
      return kill(world);
    case 'fail':
      return call.fail();
    case 'drop':
      world.advance(call.timeoutMs);
      return call.lost();
    case 'fail-after':
      await effect().catch(() => undefined);
      return call.fail();
    case 'lose-ack':
      await effect().catch(() => undefined);
      return party === 'table' ? effect() : call.lost();
    case 'hold':
      if (party === 'table') return world.stall().then(effect);
      world.later(effect, 'within-the-lease');
      world.advance(call.timeoutMs);
      return call.lost();
    case 'freeze':
      return effect().finally(() => world.stall());
    case 'echo':
      world.later(effect, 'after-the-lease');
      return effect();
  }
}

/** Whoever waits here waits for ever: the code after it never runs. */
function kill(world: World): Promise<never> {
  world.killed();
  return new Promise(() => {});
}
