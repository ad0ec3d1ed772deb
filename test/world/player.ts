import { call, type SampleAnswer, type SampleRequest } from '../rigs/gateway-event.ts';
import type { HttpHandler } from '../../functions/http.ts';
import { Invocation, isUnreachable, type Adversary } from './invocation.ts';
import type { World } from './world.ts';

/** A request that is ready to be made, any number of times, perhaps under attack. */
export type Attempt = (adversary?: Adversary) => Promise<void>;

/** Whoever acts in a story and tries until it is answered: a person with everybody who acts for that person, or a back office. */
export abstract class Player<Act extends string> {
  readonly world: World;
  readonly accusations: string[] = [];
  readonly #untold = new Set<Attempt>();

  constructor(world: World) {
    this.world = world;
  }

  /** Makes an attempt ready; what it says is true from now on, whenever it is sent. */
  abstract prepare(act: Act): Attempt;

  /** Does something now. */
  perform(act: Act, adversary?: Adversary): Promise<void> {
    return this.prepare(act)(adversary);
  }

  async performAll(acts: readonly Act[], adversary?: Adversary): Promise<void> {
    for (const act of acts) await this.perform(act, adversary);
  }

  accuse(accusation: string): void {
    if (!this.accusations.includes(accusation)) this.accusations.push(accusation);
  }

  get isAllTold(): boolean {
    return this.#untold.size === 0;
  }

  isTold(attempt: Attempt): boolean {
    return !this.#untold.has(attempt);
  }

  /** What has not been answered with a success is asked again by whoever asked. */
  async tellAgain(): Promise<void> {
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const attempt of untold) await attempt();
  }

  /** Whoever made the attempt comes again when it has failed. */
  protected until(isDone: () => boolean, attempt: Attempt): Attempt {
    const again: Attempt = async (adversary) => {
      await attempt(adversary);
      if (isDone()) this.#untold.delete(again);
      else this.#untold.add(again);
    };
    return again;
  }

  /** The same by a function of the deployment before, which runs on for a while. Whoever comes again meets a later one. */
  byEarlier(attempt: Attempt): Attempt {
    return (adversary) => {
      this.world.deployment -= 1;
      try {
        return attempt(adversary);
      } finally {
        this.world.deployment += 1;
      }
    };
  }

  /** Runs one invocation of a job; resolves when it is done or dead. Answers whether it came to its end. */
  protected async invoke(
    adversary: Adversary | undefined,
    work: (by: Invocation) => Promise<unknown>,
  ): Promise<boolean> {
    let isDone = false;
    const by = new Invocation(this.world, adversary);
    await by.run(async () => {
      try {
        await work(by);
        isDone = true;
      } catch (error) {
        // One that cannot reach its tables fails, and whoever woke it comes again.
        if (!isUnreachable(error)) throw error;
      }
    });
    return isDone;
  }

  /** What a job answers; `undefined` when it died before. */
  protected async ask(
    job: (by: Invocation) => HttpHandler,
    request: SampleRequest,
    adversary: Adversary | undefined,
    answered?: (answer: SampleAnswer, by: Invocation) => void,
  ): Promise<SampleAnswer | undefined> {
    let answer: SampleAnswer | undefined;
    await this.invoke(adversary, async (by) => {
      answer = await call(job(by), request);
      by.note(`answers ${answer.status} ${answer.body.outcome ?? answer.body.state ?? answer.body.code ?? ''}`);
      answered?.(answer, by);
    });
    return answer;
  }
}
