import { randomUUID } from 'node:crypto';
import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../functions/io/clock.ts';
import { Crossing, type Habits } from './crossing.ts';
import { randomOf } from '../world/random.ts';
import type { Stage } from './stage.ts';
import { drawLatency, drawTrouble, troubleRates } from './troubles.ts';
import type { WeakInput } from '../world/weaknesses.ts';

/** One invocation of any job in a simulation: its time, its death, and the trouble that each of its calls meets. */
export class SimulatedCaller {
  readonly name: string;
  readonly #stage: Stage;
  readonly #keys: readonly number[];
  readonly #rate: number;
  readonly #habits: Habits;
  #calls = 0;
  #isDead = false;
  #frozenUntil = 0;
  #die = (): void => undefined;
  /** Resolves when it is killed. */
  readonly death: Promise<void> = new Promise((resolve) => {
    this.#die = resolve;
  });

  /** `keys` are what its random numbers follow from. */
  constructor(name: string, keys: readonly number[], stage: Stage, habits: Habits) {
    this.name = name;
    this.#stage = stage;
    this.#keys = [stage.story.seed, ...keys];
    this.#rate = randomOf(...this.#keys).one(troubleRates);
    this.#habits = habits;
  }

  /** Time as this invocation has it: who is dead or frozen does not wake up from a sleep. */
  get clock(): Clock {
    const { time } = this.#stage;
    const sleep = async (ms: number): Promise<void> => {
      await time.sleep(ms);
      await this.home();
    };
    return { now: time.now, elapsed: time.elapsed, sleep };
  }

  kill(): void {
    this.#isDead = true;
    this.#die();
  }

  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#stage.time.elapsed() + ms);
  }

  /** Comes back to the invocation's own code when it runs, and never when it is dead. */
  async home(): Promise<void> {
    const { time } = this.#stage;
    while (!this.#isDead && this.#frozenUntil > time.elapsed()) await time.sleep(this.#frozenUntil - time.elapsed());
    if (this.#isDead) await new Promise(() => {});
  }

  /** The bytes that go out: with the token that the SDK gives each transaction, and with what a test weakens on purpose. */
  asSent(command: object, boundary: string): object {
    const { input } = command as { input: WeakInput };
    const weaker = this.#stage.story.weakness?.table?.(boundary, input) ?? input;
    if (command instanceof TransactWriteItemsCommand)
      return new TransactWriteItemsCommand({ ...command.input, ...weaker, ClientRequestToken: randomUUID() });
    if (weaker === input) return command;
    return new (command.constructor as new (input: WeakInput) => object)(weaker);
  }

  /** The way of its next call. */
  crossing(boundary: string): Crossing {
    const { story, isRough } = this.#stage;
    const place = `${this.name} call ${this.#calls}`;
    const random = randomOf(...this.#keys, this.#calls);
    this.#calls += 1;
    const there = drawLatency(random);
    const back = drawLatency(random);
    const drawn = drawTrouble(boundary, this.#rate, this.#habits.fate, random);
    const trouble = isRough && !story.spared.has(place) ? drawn : undefined;
    return new Crossing(this.#stage, this, { boundary, place, there, back, trouble, random }, this.#habits);
  }
}
