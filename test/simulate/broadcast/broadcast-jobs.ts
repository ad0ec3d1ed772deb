import type { BroadcastEvent } from '../../../functions/broadcast.ts';
import { broadcastJob, manageJob, type BroadcastGround } from '../../crash/broadcast/ground.ts';
import { SchedulerUnreachable } from '../../crash/broadcast/invocation.ts';
import { TableUnreachable } from '../../crash/invocation.ts';
import { call, type SampleAnswer, type SampleRequest } from '../../rigs/gateway-event.ts';
import type { Stage } from '../stage.ts';
import { SimulatedBroadcastInvocation, type Reaches } from './broadcast-invocation.ts';
import type { SimulatedScheduler } from './simulated-scheduler.ts';

/** Which invocation it is: its name, and what its random numbers follow from. */
export type Who = readonly [name: string, keys: readonly number[]];

const claims = { sub: 'back-office' };

/** The jobs `broadcast` and `manage` on a stage: each call is an invocation of its own. */
export class BroadcastJobs {
  readonly #stage: Stage;
  readonly #scheduler: SimulatedScheduler;
  readonly #reaches: Reaches;

  constructor(stage: Stage, scheduler: SimulatedScheduler, reaches: Reaches) {
    this.#stage = stage;
    this.#scheduler = scheduler;
    this.#reaches = reaches;
  }

  /**
   * Runs `broadcast`. Answers whether it took the event to its end: when it cannot reach its tables it fails, and whoever woke it
   * comes again.
   */
  async work(event: BroadcastEvent, ...who: Who): Promise<boolean> {
    let isDone = false;
    await this.#invoke(who, async (invocation, around) => {
      try {
        await broadcastJob(invocation, around)(event);
        isDone = true;
      } catch (error) {
        if (!(error instanceof TableUnreachable || error instanceof SchedulerUnreachable)) throw error;
      }
    });
    return isDone;
  }

  /** What `manage` answers; `undefined` when it died before. */
  async ask(request: SampleRequest, ...who: Who): Promise<SampleAnswer | undefined> {
    let answer: SampleAnswer | undefined;
    await this.#invoke(who, async (invocation, around) => {
      answer = await call(manageJob(invocation, around), { claims, ...request });
    });
    if (answer) this.#stage.note(who[0], `answers ${answer.status} ${answer.body.state ?? answer.body.code ?? ''}`);
    return answer;
  }

  /** Runs one invocation; resolves when it is done or dead. */
  async #invoke(
    [name, keys]: Who,
    run: (invocation: SimulatedBroadcastInvocation, around: Parameters<typeof broadcastJob>[1]) => Promise<void>,
  ): Promise<void> {
    const stage = this.#stage;
    const invocation = new SimulatedBroadcastInvocation(name, keys, stage, this.#reaches);
    const ground = { ...stage.ground, clock: invocation.caller.clock } as unknown as BroadcastGround;
    const around = { ground, lines: stage.lines, schedules: this.#scheduler, send: stage.send };
    await Promise.race([run(invocation, around), invocation.caller.death]);
  }
}
