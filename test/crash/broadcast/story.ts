import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { BroadcastEvent } from '../../../functions/broadcast.ts';
import { call, type SampleAnswer, type SampleRequest } from '../../gateway-event.ts';
import type { Gauntlet } from '../gauntlet.ts';
import { TableUnreachable } from '../invocation.ts';
import type { BroadcastAct } from './acts.ts';
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

type Attempt = (gauntlet?: Gauntlet) => Promise<void>;
type When = Parameters<BroadcastWorld['later']>[1];

const HOUR_MS = 3_600_000;
/** A sweep takes less, however many conversations it reads. */
const LOOK_MS = 1_000;
const SWEEPS_MAX = 40;
const claims = { sub: 'back-office' };
/** What an answer may be when everything else is ruled out. */
const usualStatuses = new Set([200, 201, 409, 500, 503]);

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
  #body: object | undefined;
  broadcastId: string | undefined;
  isCancelAnswered = false;
  lanes: LaneOrder = 'in turn';
  /** What others do while a caller is held or frozen. */
  rival: readonly BroadcastAct[] = ['turn-passes', 'sweep', 'claim-passes', 'sweep'];

  constructor(ground: BroadcastGround, id: string, crowd: Crowd) {
    this.ground = ground;
    this.crowd = crowd;
    this.message = `The message of ${id}`;
    this.witness = new BroadcastWitness(ground);
    this.scheduler = new StandInScheduler(ground.clock);
  }

  /** Every row of the broadcast, its runs, their parcels and tallies. */
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
        return this.#create({ kind: 'now' }, gauntlet);
      case 'create-at': {
        const at = new Date(this.ground.clock.now() + HOUR_MS).toISOString().slice(0, 19);
        return this.#create({ kind: 'at', at, timeZone: 'UTC' }, gauntlet);
      }
      case 'create-rate':
        return this.#create({ kind: 'rate', rate: '1 hours' }, gauntlet);
      case 'cancel':
        return this.#cancel(gauntlet);
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
        const name = await this.#created();
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
        return this.#look(act, gauntlet);
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
    if (answer && !usualStatuses.has(answer.status))
      this.witness.accuse(`answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }

  /** The same key each time, so that a repeated creation finds the broadcast. */
  async #create(schedule: object, gauntlet?: Gauntlet): Promise<void> {
    this.#body ??= { message: this.message, ...this.crowd.body, schedule };
    const attempt: Attempt = async (gauntlet) => {
      const headers = { 'idempotency-key': this.message };
      const request = { routeKey: 'POST /v1/broadcasts', body: this.#body, headers };
      const answer = await this.#ask(request, gauntlet);
      if (answer?.status !== 200 && answer?.status !== 201) return void this.#untold.push(attempt);
      this.broadcastId ??= answer.body.broadcastId as string;
      if (this.broadcastId !== answer.body.broadcastId) this.witness.accuse('one key made two broadcasts');
    };
    await attempt(gauntlet);
  }

  /** Whoever has no answer asks again before anything else. */
  async #created(): Promise<string> {
    while (this.broadcastId === undefined) await this.#create({ kind: 'now' });
    return this.broadcastId;
  }

  async #cancel(gauntlet?: Gauntlet): Promise<void> {
    const broadcastId = await this.#created();
    const attempt: Attempt = async (gauntlet) => {
      const request = { routeKey: 'POST /v1/broadcasts/{broadcastId}/cancel', parameters: { broadcastId } };
      const answer = await this.#ask(request, gauntlet);
      if (answer?.status === 200) {
        this.isCancelAnswered = true;
        if (!this.witness.isCancelled) this.witness.accuse('a cancel was answered before it was committed');
        if (answer.body.state !== 'cancelled') this.witness.accuse('a cancel was answered with another state');
      } else if (answer?.status !== 409) this.#untold.push(attempt);
    };
    await attempt(gauntlet);
  }

  async #look(what: 'preview' | 'list' | 'show' | 'recipients', gauntlet?: Gauntlet): Promise<void> {
    const parameters = { broadcastId: await this.#created() };
    const body = this.#body ?? {};
    const routes = {
      preview: { routeKey: 'POST /v1/broadcasts/preview', body },
      list: { routeKey: 'GET /v1/broadcasts' },
      show: { routeKey: 'GET /v1/broadcasts/{broadcastId}', parameters },
      recipients: { routeKey: 'GET /v1/broadcasts/{broadcastId}/recipients', parameters },
    };
    await this.#ask(routes[what], gauntlet);
  }

  async #fire(lateMs: number, gauntlet?: Gauntlet): Promise<void> {
    const name = await this.#created();
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
    await this.#created();
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
