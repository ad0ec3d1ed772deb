import { faultsAt, type Call, type Fault, type Way } from '../faults.ts';
import type { Adversary, Invocation } from '../invocation.ts';

/** One fault: at the crossing with this number in the story, or at the nth crossing of a boundary; which one, or a number to choose by. */
export type Strike =
  | { readonly boundary: string; readonly occurrence: number; readonly fault: Fault }
  | { readonly at: number; readonly choice: number };

/** Someone else who runs to the end just before the crossing with this number, or before the first one of a boundary. */
export interface Meeting {
  readonly at: number | string;
  readonly run: () => Promise<void>;
}

/** What others do while a caller is held or frozen, and before the last moment at which something of it can arrive. */
export interface Others {
  readonly stall: () => Promise<void>;
  readonly look: () => Promise<void>;
}

/** Others look so long before something arrives late. */
const LOOK_MS = 1_000;

/**
 * The adversary on the way of one story: it counts the boundaries that the story crosses, over all its invocations, and strikes
 * at the one it was told to.
 */
export class Gauntlet implements Adversary {
  readonly name = 'the story';
  readonly crossed: string[] = [];
  /** What was done, where: `boundary/fault`. */
  readonly struck: string[] = [];
  /** What arrives long after the story. */
  readonly #late: (() => Promise<unknown>)[] = [];
  readonly #strike: Strike | undefined;
  readonly #meetings: readonly Meeting[];
  readonly #others: Others;

  constructor(others: Others, strike?: Strike, meetings: readonly Meeting[] = []) {
    this.#others = others;
    this.#strike = strike;
    this.#meetings = meetings;
  }

  /** Each call takes a moment, but where the last of several lanes goes on first: there all of them are at the same one. */
  async meet({ boundary }: Call<unknown>, by: Invocation): Promise<Way> {
    const { time } = by.world;
    await time.sleep(time.order === 'last' ? 0 : 1);
    await by.home();
    const at = this.crossed.push(boundary) - 1;
    const occurrence = this.crossed.filter((one) => one === boundary).length;
    for (const meeting of this.#meetings)
      if (meeting.at === at || (meeting.at === boundary && occurrence === 1)) await meeting.run();
    const fault = this.#faultAt(at, boundary, occurrence);
    if (fault !== undefined) this.struck.push(`${boundary}/${fault}`);
    return {
      fault,
      backMs: 0,
      stall: this.#others.stall,
      later: (effect, when, call) => {
        if (when === 'long after') return void this.#late.push(effect);
        const lateMs = call.lateMsMax();
        // In the last moment, after everybody had time to look.
        time.in(lateMs - LOOK_MS, () => by.world.start(this.#others.look(), 'those who look'));
        time.in(lateMs, () =>
          by.world.start(
            effect().catch(() => undefined),
            'a late request',
          ),
        );
      },
    };
  }

  /** Everything that was kept for later happens: first what comes within a lease, then, when it is over, what comes once more. */
  async afterwards(): Promise<void> {
    if (this.#late.length > 0) await this.#others.stall();
    for (const effect of this.#late) await effect().catch(() => undefined);
  }

  #faultAt(at: number, boundary: string, occurrence: number): Fault | undefined {
    const strike = this.#strike;
    if (strike === undefined) return undefined;
    if ('fault' in strike)
      return strike.boundary === boundary && strike.occurrence === occurrence ? strike.fault : undefined;
    const faults = faultsAt(boundary);
    return strike.at === at ? faults[strike.choice % faults.length] : undefined;
  }
}
