import type { Campaign } from '../broadcasts/campaign.ts';
import type { Person } from '../contacts/person.ts';
import type { RowChange } from '../database/memory-database.ts';
import type { Attempt } from '../player.ts';
import { families, randomOf } from '../random.ts';
import type { Occurrence } from '../scheduler.ts';
import type { World } from '../world.ts';
import { Seeded } from './seeded.ts';
import type { Story } from './story.ts';

/** The stream is a hint: it may be switched off, and now and then it says nothing. */
const STREAM_LIKELIHOOD = 0.7;
const STREAM_MS_MAX = [5, 300, 3_000] as const;
/** Then there is only recovery. */
const SWEEPS_MAX = 10;
const SECOND_SWEEP = 0.25;
/** So often a function that fails is called by EventBridge Scheduler before there is only recovery. */
const TRIES_MAX = 3;
const MINUTE_MS = 60_000;

/** Everybody in a story. */
export interface Players {
  readonly people: ReadonlyMap<number, Person>;
  readonly campaigns: ReadonlyMap<number, Campaign>;
}

/** What wakes the jobs while there is trouble, beside people: the tables' streams, sweeps of broadcasts, and EventBridge Scheduler. */
export class Timers {
  readonly #story: Story;
  readonly #world: World;
  readonly #players: Players;
  readonly #wakes = new Map<string, number>();
  readonly #occurred = new Map<number, number>();
  #sweeps = 0;
  #isSweepComing = false;

  static start(story: Story, world: World, players: Players): void {
    const timers = new Timers(story, world, players);
    world.changed.push((change) => world.isRough && timers.#changed(change));
    world.scheduler.occurs = (occurrence) => world.isRough && timers.#deliver(occurrence);
  }

  private constructor(story: Story, world: World, players: Players) {
    this.#story = story;
    this.#world = world;
    this.#players = players;
  }

  #changed({ table, after }: RowChange): void {
    const [pk = '', sk = ''] = [after?.['pk']?.S, after?.['sk']?.S];
    if (after?.['wake']?.S === 'now') {
      const person = [...this.#players.people].find(([, one]) => one.pk === pk);
      if (person) this.#wake(pk, `person ${person[0]}`, [families.stream, person[0]], person[1].prepare('sync'));
      const campaign = [...this.#players.campaigns].find(([, one]) => `broadcast#${one.broadcastId}` === pk);
      if (campaign) {
        const work = campaign[1].work(() => campaign[1].woken([{ pk, sk }]));
        this.#wake(pk, `broadcast ${campaign[0]}`, [families.streamOfBroadcast, campaign[0]], work);
      }
    }
    if (table === 'Broadcasts') this.#awaitSweep();
  }

  /** The stream wakes a job some time later, and not always. */
  #wake(pk: string, whose: string, keys: readonly number[], attempt: Attempt): void {
    const wake = (this.#wakes.get(pk) ?? 0) + 1;
    this.#wakes.set(pk, wake);
    const name = `stream ${wake} for ${whose}`;
    const random = randomOf(this.#story.seed, ...keys, wake);
    if (!random.isLikely(STREAM_LIKELIHOOD) || this.#story.spared.has(name)) return;
    this.#in(random.below(random.one(STREAM_MS_MAX)), name, [...keys, wake], attempt);
  }

  /** In the real bridge a sweep comes every minute; here it comes when it finds something, sometimes a second one with it. */
  #awaitSweep(): void {
    const [first] = this.#players.campaigns.values();
    const dueAts = [...this.#players.campaigns.values()].flatMap((one) => one.dueAts());
    if (!first || this.#isSweepComing || this.#sweeps === SWEEPS_MAX || dueAts.length === 0) return;
    this.#sweeps += 1;
    this.#isSweepComing = true;
    const name = `sweep ${this.#sweeps}`;
    const keys = [families.sweep, this.#sweeps];
    const random = randomOf(this.#story.seed, ...keys);
    const inMs =
      Math.max(0, Math.min(...dueAts) - this.#world.time.now()) + random.below(random.one([3_000, MINUTE_MS]));
    const sweep = first.prepare('sweep');
    this.#in(inMs, name, keys, (adversary) => {
      this.#isSweepComing = false;
      return sweep(adversary).then(() => this.#awaitSweep());
    });
    if (!random.isLikely(SECOND_SWEEP)) return;
    this.#in(inMs + random.below(random.one([10, 5_000])), `${name}, a second one`, [...keys, 1], sweep);
  }

  /** Brings an occurrence to the job: mostly soon and once, sometimes late, several times, or never. */
  #deliver(occurrence: Occurrence): void {
    const found = [...this.#players.campaigns].find(([, one]) => one.broadcastId === occurrence.event.broadcastId);
    if (!found) return;
    const [number, campaign] = found;
    const count = (this.#occurred.get(number) ?? 0) + 1;
    this.#occurred.set(number, count);
    const name = `firing ${count} of broadcast ${number}`;
    const keys = [families.firing, number, count];
    const random = randomOf(this.#story.seed, ...keys);
    const lateMs = random.one([500, 500, 500, MINUTE_MS, 1.3 * occurrence.retryForMs]) * random.fraction();
    const copies = random.one([1, 1, 2, 3]);
    const isTroubled = !this.#story.spared.has(name);
    if (isTroubled) this.#world.note(name, `comes ${copies} times, ${Math.round(lateMs)} ms late`, name);
    const fire = campaign.fire(occurrence);
    for (let copy = 0; copy < (isTroubled ? copies : 1); copy += 1) {
      const pauseMs = copy === 0 ? 0 : random.below(random.one([1, 1_000, 100_000]));
      this.#fire(isTroubled ? lateMs + pauseMs : 0, `${name}, copy ${copy}`, [...keys, copy], campaign, fire, 1);
    }
  }

  /** The service calls the function again when it fails. */
  #fire(ms: number, name: string, keys: readonly number[], campaign: Campaign, fire: Attempt, tries: number): void {
    this.#in(ms, name, [...keys, tries], async (adversary) => {
      await fire(adversary);
      if (campaign.isTold(fire) || !this.#world.isRough || tries === TRIES_MAX) return;
      const pauseMs = randomOf(this.#story.seed, ...keys, tries).below(MINUTE_MS);
      this.#fire(pauseMs, name, keys, campaign, fire, tries + 1);
    });
  }

  #in(ms: number, name: string, keys: readonly number[], attempt: Attempt): void {
    const isOfLinks = keys[0] === families.stream;
    const adversary = new Seeded(name, keys, isOfLinks ? 'links' : 'broadcasts', this.#story, this.#world);
    this.#world.time.in(ms, () => this.#world.start(attempt(adversary), name));
  }
}
