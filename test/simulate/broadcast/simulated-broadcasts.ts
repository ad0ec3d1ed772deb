import type { RowChange } from '../../world/database/memory-database.ts';
import type { Attempt } from '../simulated-person.ts';
import type { Stage } from '../stage.ts';
import { BroadcastJobs } from './broadcast-jobs.ts';
import { BroadcastTimers } from './broadcast-timers.ts';
import { judgeSimulatedBroadcast } from './judge-simulated-broadcast.ts';
import { LinkHistory } from './link-history.ts';
import type { BroadcastStep } from './plot.ts';
import { SimulatedBroadcast, type Public } from './simulated-broadcast.ts';
import { SimulatedScheduler } from './simulated-scheduler.ts';

/** Looks for a message go on for a day, each time later; each round serves the next of them. */
const ROUNDS_MAX = 40;
/** A turn, a claim, and an outage that a worker waits for: then every run has ended ("within minutes"). */
const CONVERGED_MS_MAX = 15 * 60_000;

/** All broadcasts of one story, and what drives them. */
export class SimulatedBroadcasts {
  readonly #stage: Stage;
  readonly #scheduler: SimulatedScheduler;
  readonly #history: LinkHistory;
  readonly #all: readonly SimulatedBroadcast[];
  readonly #timers: BroadcastTimers;
  readonly #whenPlanned = new Map<number, readonly (() => void)[]>();

  constructor(stage: Stage, all: Public) {
    const { time, database, story } = stage;
    this.#stage = stage;
    this.#history = new LinkHistory(time, database.rows('Links'));
    this.#scheduler = new SimulatedScheduler(time, (occurrence) =>
      this.#all.find(({ broadcastId }) => broadcastId === occurrence.event.broadcastId)?.firings.deliver(occurrence),
    );
    const jobs = new BroadcastJobs(stage, this.#scheduler, (body, claimIds) => {
      const { message } = JSON.parse(body) as { message?: string };
      const sent = this.#all.find((one) => one.message === message);
      if (!sent) throw new Error('a message reaches MaiAgent that nobody has sent');
      sent.witness.reachesUnder(body, claimIds);
    });
    const around = { stage, jobs, history: this.#history, all };
    this.#all = story.broadcasts.map((plot) => new SimulatedBroadcast(plot, around));
    this.#timers = new BroadcastTimers(stage, jobs, this.#all);
  }

  get accusations(): readonly string[] {
    return this.#all.flatMap(({ witness }) => witness.accusations);
  }

  /** Lets something happen when the first run of a broadcast is planned, and can be sent, while there is trouble; perhaps never. */
  whenPlanned(number: number, happen: () => void): void {
    this.#whenPlanned.set(number, [...(this.#whenPlanned.get(number) ?? []), happen]);
  }

  /** Makes a step's attempt ready. */
  prepare({ broadcast, act }: BroadcastStep): Attempt | undefined {
    return this.#all.find(({ plot }) => plot.number === broadcast)?.prepare(act);
  }

  /** Told of every change of a row. */
  changed(change: RowChange): void {
    this.#history.changed(change);
    for (const { witness } of this.#all) witness.changed(change);
    if (change.table !== 'Broadcasts' || !this.#stage.isRough) return;
    this.#planned(change);
    this.#timers.changed(change);
  }

  #planned({ after }: RowChange): void {
    if (after?.['isPlanned']?.BOOL !== true) return;
    const own = this.#all.find(({ broadcastId }) => `broadcast#${broadcastId}` === after['pk']?.S);
    const happenings = this.#whenPlanned.get(own?.plot.number ?? -1) ?? [];
    this.#whenPlanned.delete(own?.plot.number ?? -1);
    for (const happen of happenings) happen();
  }

  /** No more trouble: all comes to rest and is judged; what would go on for ever is then cancelled, and all is judged again. */
  async settle(): Promise<void> {
    this.#scheduler.isRunning = false;
    await this.#rest();
    await this.#judge();
    const open = this.#all.filter(({ row }) => row?.state === 'active');
    if (open.length > 0) {
      for (const one of open) await one.perform('cancel');
      await this.#rest();
      await this.#judge();
    }
    for (const one of this.#all) await this.#judgeSchedule(one);
  }

  async #judge(): Promise<void> {
    const grounds = { stage: this.#stage, scheduler: this.#scheduler, history: this.#history };
    for (const one of this.#all) await judgeSimulatedBroadcast(one, grounds);
  }

  /** Who was not answered comes again, what is to fire fires, and the sweep serves what is due. */
  async #rest(): Promise<void> {
    const { time } = this.#stage;
    const [first] = this.#all;
    let from = time.now();
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      for (const one of this.#all) await one.tellAgain();
      await first?.perform('sweep');
      const toFire = this.#all.find((one) => this.#isToFire(one));
      const dueAts = this.#all.flatMap((one) => one.dueAts());
      const runDueAts = this.#all.flatMap((one) => one.dueAts('run#'));
      if (!toFire && dueAts.length === 0 && this.#all.every(({ isAllTold }) => isAllTold)) return;
      if (runDueAts.length > 0 && time.now() > from + CONVERGED_MS_MAX) first?.witness.accuse('a run ends too slowly');
      const wasBlind = this.#isBlind;
      if (toFire) await this.#fireNext(toFire);
      // Until its runs have ended a broadcast is looked at every few minutes, and nothing comes of it.
      else if (dueAts.length > 0) time.moveTo(Math.min(...(runDueAts.length > 0 ? runDueAts : dueAts)) + 1);
      if (toFire || wasBlind) from = time.now();
    }
    first?.witness.accuse('the broadcasts do not come to rest');
  }

  /** Where a message was looked for and the conversations could not be read, it is looked for again for a day. */
  get #isBlind(): boolean {
    return this.#all.some((one) => one.rows().some(({ looks }) => looks !== undefined));
  }

  /** A schedule that was made when the trouble was over. */
  #isToFire({ row, broadcastId = '' }: SimulatedBroadcast): boolean {
    return row?.state === 'active' && row.schedule?.kind !== 'rate' && this.#scheduler.has(broadcastId);
  }

  async #fireNext({ broadcastId = '', firings }: SimulatedBroadcast): Promise<void> {
    this.#stage.time.moveTo(this.#scheduler.nextAtMs(broadcastId) ?? 0);
    const occurrence = this.#scheduler.occur(broadcastId);
    if (occurrence) await firings.deliverNow(occurrence);
  }

  /** What is over has no schedule but one that was made late, which ends with its next firing and starts nothing. */
  async #judgeSchedule(broadcast: SimulatedBroadcast): Promise<void> {
    const { broadcastId = '', witness } = broadcast;
    if (!this.#scheduler.has(broadcastId)) return;
    const before = broadcast.rows().length;
    await this.#fireNext(broadcast);
    if (this.#scheduler.has(broadcastId)) witness.accuse('the schedule of a broadcast that is over stays');
    if (broadcast.rows().length !== before) witness.accuse('a broadcast that is over began a run');
  }
}
