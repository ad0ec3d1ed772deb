import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { BroadcastEvent } from '../../../functions/broadcast.ts';
import { call, type SampleAnswer, type SampleRequest } from '../../rigs/gateway-event.ts';
import type { Gauntlet } from '../gauntlet.ts';
import { TableUnreachable } from '../invocation.ts';
import type { BroadcastAct } from './acts.ts';
import { BackOffice, type Attempt } from './back-office.ts';
import type { Crowd } from './crowd.ts';
import {
  broadcastJob,
  claimMs,
  manageJob,
  rowsUnder,
  turnMs,
  workMs,
  type BroadcastGround,
  type PlainRow,
} from './ground.ts';
import { BroadcastInvocation, SchedulerUnreachable, type BroadcastWorld } from './invocation.ts';
import type { LaneOrder } from './lanes.ts';
import { MaiAgentMood } from './mood.ts';
import { StandInScheduler, type Due } from './scheduler.ts';
import { BroadcastWitness } from './witness.ts';

type When = Parameters<BroadcastWorld['later']>[1];

const HOUR_MS = 3_600_000;
/** A sweep takes less, however many conversations it reads. */
const LOOK_MS = 1_000;
const SWEEPS_MAX = 40;
const claims = { sub: 'back-office' };

/** One broadcast of one case with everybody who acts on it, and the witness of all of it. */
export class BroadcastStory {
  readonly ground: BroadcastGround;
  readonly witness: BroadcastWitness;
  readonly scheduler: StandInScheduler;
  readonly mood = new MaiAgentMood();
  readonly lines: string[] = [];
  readonly message: string;
  readonly crowd: Crowd;
  /** When occurrences were told to the job, and when each of them was due. */
  readonly firings: Due[] = [];
  readonly #late: { effect: () => Promise<unknown>; when: When; untilMs: number }[] = [];
  readonly #untold: Attempt[] = [];
  readonly #backOffice: BackOffice;
  lanes: LaneOrder = 'in turn';
  /** What others do while a caller is held or frozen. */
  rival: readonly BroadcastAct[] = ['turn-passes', 'sweep', 'claim-passes', 'sweep'];

  constructor(ground: BroadcastGround, id: string, crowd: Crowd) {
    this.ground = ground;
    this.crowd = crowd;
    this.message = `The message of ${id}`;
    this.witness = new BroadcastWitness(ground);
    this.scheduler = new StandInScheduler(ground.clock);
    this.#backOffice = new BackOffice({
      message: this.message,
      crowd,
      witness: this.witness,
      ask: (request, gauntlet) => this.#ask(request, gauntlet),
      again: (attempt) => void this.#untold.push(attempt),
    });
  }

  /** Known once its creation was answered. */
  get broadcastId(): string | undefined {
    return this.#backOffice.broadcastId;
  }

  get isCancelAnswered(): boolean {
    return this.#backOffice.isCancelAnswered;
  }

  /** Every row of the broadcast, its runs, their batches and tallies. */
  async rows(): Promise<readonly PlainRow[]> {
    if (this.broadcastId === undefined) return [];
    const own = await rowsUnder(`broadcast#${this.broadcastId}`, this.ground);
    const runs = own.filter(({ sk }) => sk.startsWith('run#'));
    const under = await Promise.all(
      runs.map(({ sk }) => rowsUnder(`run#${this.broadcastId}#${sk.slice('run#'.length)}`, this.ground)),
    );
    return [...own, ...under.flat()];
  }

  // oxlint-disable-next-line max-lines-per-function -- one line for each act
  async perform(act: BroadcastAct, gauntlet?: Gauntlet): Promise<void> {
    switch (act) {
      case 'create-now':
        return this.#backOffice.create({ kind: 'now' }, gauntlet);
      case 'create-at': {
        const at = new Date(this.ground.clock.now() + HOUR_MS).toISOString().slice(0, 19);
        return this.#backOffice.create({ kind: 'at', at, timeZone: 'UTC' }, gauntlet);
      }
      case 'create-rate':
        return this.#backOffice.create({ kind: 'rate', rate: '1 hours' }, gauntlet);
      case 'cancel':
        return this.#backOffice.cancel(gauntlet);
      case 'sweep':
        return void (await this.#broadcast({ sweep: true }, gauntlet));
      case 'wake':
        return void (await this.#broadcast(await this.#woken(), gauntlet));
      case 'fire':
      case 'fire-late':
        return this.#fire(act === 'fire' ? 0 : HOUR_MS + 60_000, gauntlet);
      case 'fire-again': {
        const last = this.firings.at(-1);
        return last && void (await this.#broadcast(last.event, gauntlet));
      }
      case 'lose-firing': {
        const name = await this.#backOffice.created();
        await this.passTo(this.scheduler.nextAtMs(name) ?? 0);
        return void this.scheduler.fire(name);
      }
      case 'disable':
      case 'change-links':
        return this.#change(act);
      case 'chat':
        return this.#chat();
      case 'work-passes':
        return this.#pass(workMs + 1_000);
      case 'turn-passes':
        return this.#pass(turnMs + 1_000);
      case 'claim-passes':
        return this.#pass(claimMs + 1_000);
      case 'hours-pass':
        return this.#pass(3 * HOUR_MS);
      case 'preview':
      case 'list':
      case 'show':
      case 'recipients':
        return this.#backOffice.look(act, gauntlet);
      case 'end-run':
        return this.#endRun(gauntlet);
      default:
        this.mood.now = act;
        this.mood.refused = this.crowd.contactIds[1];
    }
  }

  /** What has not been answered is asked again by whoever asked. */
  async tellAgain(): Promise<void> {
    for (const attempt of this.#untold.splice(0)) await attempt();
  }

  get isAllTold(): boolean {
    return this.#untold.length === 0;
  }

  /** EventBridge Scheduler fires what comes next, and again until the job has taken it. */
  async fireNext(): Promise<void> {
    await this.#fire(0);
  }

  /** Everything that was kept for later happens: first what comes within a claim, then, when it is over, what comes once more. */
  async afterwards(): Promise<void> {
    await this.#arrivals();
    if (this.#late.length > 0) await this.#stall();
    for (const { effect } of this.#taken('after-the-lease')) await effect().catch(() => undefined);
  }

  /** Moves the clock, and lets happen before what can only happen before. */
  async #pass(ms: number): Promise<void> {
    await this.#arrivals();
    this.ground.clock.advance(ms);
  }

  async passTo(nowMs: number): Promise<void> {
    await this.#pass(Math.max(0, nowMs - this.ground.clock.now()));
  }

  /** What MaiAgent has yet to receive arrives in the last moment of its claim, after everybody had time to look. */
  async #arrivals(): Promise<void> {
    const { clock } = this.ground;
    for (const { effect, untilMs } of this.#taken('within-the-lease')) {
      // A request that has not arrived by the end of its life never does.
      if (clock.now() >= untilMs) continue;
      clock.moveTo(untilMs - LOOK_MS);
      await this.perform('sweep');
      clock.moveTo(untilMs - 1);
      await effect().catch(() => undefined);
    }
  }

  #taken(when: When) {
    const taken = this.#late.filter((one) => one.when === when);
    this.#late.splice(0, this.#late.length, ...this.#late.filter((one) => one.when !== when));
    return taken;
  }

  async #stall(): Promise<void> {
    for (const act of this.rival) await this.perform(act);
    await this.#pass(claimMs);
  }

  /** Runs one invocation; resolves when it is done or dead. */
  async #invoke(
    gauntlet: Gauntlet | undefined,
    run: (invocation: BroadcastInvocation) => Promise<void>,
  ): Promise<void> {
    const { clock } = this.ground;
    let die = (): void => undefined;
    const death = new Promise<void>((resolve) => {
      die = resolve;
    });
    const world: BroadcastWorld = {
      elapsed: clock.elapsed,
      advance: (ms) => clock.advance(ms),
      killed: () => die(),
      stall: () => this.#stall(),
      later: (effect, when, body) =>
        void this.#late.push({ effect, when, untilMs: body ? this.witness.untilOf(body) : 0 }),
    };
    await Promise.race([run(new BroadcastInvocation(gauntlet, world, this.witness, this.lanes)), death]);
  }

  get #around() {
    const { ground, lines, scheduler } = this;
    return { ground, lines, schedules: scheduler, send: this.mood.over(ground.send) };
  }

  /** Answers whether the job took the event to its end. One that cannot reach its tables fails, and whoever woke it comes again. */
  async #broadcast(event: BroadcastEvent, gauntlet: Gauntlet | undefined): Promise<boolean> {
    let isDone = false;
    await this.#invoke(gauntlet, async (invocation) => {
      try {
        await broadcastJob(invocation, this.#around)(event);
        isDone = true;
      } catch (error) {
        if (!(error instanceof TableUnreachable || error instanceof SchedulerUnreachable)) throw error;
      }
    });
    return isDone;
  }

  async #ask(request: SampleRequest, gauntlet: Gauntlet | undefined): Promise<SampleAnswer | undefined> {
    let answer: SampleAnswer | undefined;
    await this.#invoke(gauntlet, async (invocation) => {
      answer = await call(manageJob(invocation, this.#around), { claims, ...request });
    });
    return answer;
  }

  async #fire(lateMs: number, gauntlet?: Gauntlet): Promise<void> {
    const name = await this.#backOffice.created();
    const nextAtMs = this.scheduler.nextAtMs(name);
    if (nextAtMs === undefined) return;
    await this.passTo(nextAtMs + lateMs);
    const due = this.scheduler.fire(name);
    if (!due) return;
    this.firings.push(due);
    const attempt: Attempt = async (gauntlet) => {
      if (!(await this.#broadcast(due.event, gauntlet))) this.#untold.push(attempt);
    };
    await attempt(gauntlet);
  }

  async #woken(): Promise<DynamoDBStreamEvent> {
    await this.#backOffice.created();
    const rows = (await this.rows()).filter(({ wake }) => wake === 'now');
    const Records = rows.map(({ pk, sk }) => ({ dynamodb: { Keys: { pk: { S: pk }, sk: { S: sk } } } }));
    return { Records };
  }

  async #change(act: 'disable' | 'change-links'): Promise<void> {
    const changed = await (act === 'disable' ? this.crowd.disable() : this.crowd.change());
    for (const [contactId, reason] of changed) this.witness.changedLinks.set(contactId, reason);
  }

  async #chat(): Promise<void> {
    const { store } = this.ground.emulator;
    const [conversation] = store.conversationsOf(this.crowd.contactIds[1] ?? '');
    if (conversation) store.addMessage(conversation, { type: 'incoming', content: 'A sample answer' });
  }

  async #endRun(gauntlet?: Gauntlet): Promise<void> {
    for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps += 1) {
      await this.perform('sweep', gauntlet);
      const runs = (await this.rows()).filter(({ sk }) => sk.startsWith('run#'));
      if (runs.every(({ endedAtMs }) => endedAtMs !== undefined)) return;
      await this.passTo(Math.min(...runs.flatMap(({ dueAt }) => (dueAt === undefined ? [] : [dueAt]))) + 1);
    }
  }
}
