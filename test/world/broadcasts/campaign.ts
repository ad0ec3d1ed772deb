import type { BroadcastEvent } from '../../../functions/broadcast.ts';
import type { SampleAnswer, SampleRequest } from '../../rigs/gateway-event.ts';
import type { PlainRow } from '../boundaries.ts';
import type { Adversary } from '../invocation.ts';
import { broadcastJob, manageJob } from '../jobs.ts';
import { Player, type Attempt } from '../player.ts';
import type { Occurrence } from '../scheduler.ts';
import { claimMs, turnMs, workMs } from '../settings.ts';
import type { World } from '../world.ts';
import { inMood, type Mood, type Mooded } from './mood.ts';
import { BroadcastWitness } from './witness.ts';

/** Whom a broadcast is for. */
export interface Meant {
  /** What the back office asks for. */
  readonly body: { readonly audience: object; readonly confirm?: 'all' };
  /** Whom the audience names: keys of links, or contacts; `undefined` for everybody. */
  readonly named: readonly string[] | undefined;
  /** Of everybody, whether somebody is meant. */
  isMeant(pk: string): boolean;
  /** The contact that answers to messages. */
  readonly talker: string | undefined;
  /** True once those whom it names were shut out. */
  readonly reachesNobody?: boolean;
  disable?(): Promise<void>;
  change?(): Promise<void>;
}

/** What one broadcast is like. */
export interface Brief {
  readonly message: string;
  readonly meant: Meant;
  /** When it is sent; decided when it is asked for the first time. */
  readonly schedule?: (nowMs: number) => object;
  readonly latenessMinutes?: number;
  /** Whether it may be refused because there is nobody to be reached by then, or the time is over. */
  readonly mayBeRefused?: boolean;
}

/** An occurrence that was brought to the job, and when the job was first through with it, in ms since 1970. */
export interface Firing {
  readonly occurrence: Occurrence;
  takenAtMs: number | undefined;
}

const HOUR_MS = 3_600_000;
const SWEEPS_MAX = 40;
const id = 'POST /v1/broadcasts';
const own = '{broadcastId}';
/** What the back office looks at. */
const looks = {
  preview: `${id}/preview`,
  list: 'GET /v1/broadcasts',
  show: `GET /v1/broadcasts/${own}`,
  recipients: `GET /v1/broadcasts/${own}/recipients`,
} as const;

/** What acts are made of. */
interface Deeds {
  readonly world: World;
  readonly brief: Brief;
  readonly firings: readonly Firing[];
  mood: Mood;
  create(schedule?: Brief['schedule']): Attempt;
  cancel(): Attempt;
  edit(change: (nowMs: number) => object): Attempt;
  look(what: keyof typeof looks): Attempt;
  work(event: () => BroadcastEvent): Attempt;
  woken(): BroadcastEvent;
  occur(lateMs: number): Attempt;
  loseFiring(): Promise<void>;
  chat(): void;
  endRun(): Attempt;
}

const passes = (ms: number) => (campaign: Deeds) => () => campaign.world.time.sleep(ms);
const atTime = (ms: number) => ({ kind: 'at', at: new Date(ms).toISOString().slice(0, 19), timeZone: 'UTC' });
const inAnHour = (nowMs: number) => atTime(nowMs + HOUR_MS);

/** What can be done to a broadcast, or happen around it, a row each. */
const acts = {
  create: (campaign) => campaign.create(),
  'create-now': (campaign) => campaign.create(() => ({ kind: 'now' })),
  'create-at': (campaign) => campaign.create(inAnHour),
  'create-rate': (campaign) => campaign.create(() => ({ kind: 'rate', rate: '1 hours' })),
  cancel: (campaign) => campaign.cancel(),
  /** The back office writes it anew; puts it off; stops it for a while, and lets it go on. */
  edit: (campaign) => campaign.edit(() => ({ message: `${campaign.brief.message}, edited` })),
  'put-off': (campaign) => campaign.edit((nowMs) => ({ schedule: atTime(nowMs + 2 * HOUR_MS) })),
  pause: (campaign) => campaign.edit(() => ({ paused: true })),
  resume: (campaign) => campaign.edit(() => ({ paused: false })),
  sweep: (campaign) => campaign.work(() => ({ sweep: true })),
  /** The table's stream wakes the job. */
  wake: (campaign) => campaign.work(() => campaign.woken()),
  /** EventBridge Scheduler fires, at its time; an hour too late; once more. */
  fire: (campaign) => campaign.occur(0),
  'fire-late': (campaign) => campaign.occur(HOUR_MS + 60_000),
  'fire-again': (campaign) => async (adversary) => {
    const last = campaign.firings.at(-1);
    if (last) await campaign.work(() => last.occurrence.event)(adversary);
  },
  /** Its firing comes to nothing: the function could not be called for as long as it tries. */
  'lose-firing': (campaign) => () => campaign.loseFiring(),
  /** A user is disabled; or one is disabled, one deleted, and one comes back with a new contact. A recipient writes something. */
  disable: (campaign) => async () => campaign.brief.meant.disable?.(),
  'change-links': (campaign) => async () => campaign.brief.meant.change?.(),
  chat: (campaign) => async () => campaign.chat(),
  /** Time passes: what a worker works, a worker's lease of a run, a claim, hours. */
  'work-passes': passes(workMs + 1_000),
  'turn-passes': passes(turnMs + 1_000),
  'claim-passes': passes(claimMs + 1_000),
  'hours-pass': passes(3 * HOUR_MS),
  preview: (campaign) => campaign.look('preview'),
  list: (campaign) => campaign.look('list'),
  show: (campaign) => campaign.look('show'),
  recipients: (campaign) => campaign.look('recipients'),
  /** Sweeps until every run has ended, however long that takes. */
  'end-run': (campaign) => campaign.endRun(),
} satisfies Record<string, (campaign: Deeds) => Attempt>;
/** What MaiAgent does from now on is an act as well. */
export type BroadcastAct = keyof typeof acts | Mood;

/** What an answer may be when everything else is ruled out. */
const usualStatuses = new Set([200, 201, 409, 500, 503]);
const claims = { sub: 'back-office', scope: 'broadcasts.read broadcasts.write contacts.read' };

/** One broadcast with everybody who acts on it, and the witness of all of it. */
export class Campaign extends Player<BroadcastAct> implements Deeds, Mooded {
  readonly brief: Brief;
  readonly witness: BroadcastWitness;
  /** When occurrences were told to the job. */
  readonly firings: Firing[] = [];
  mood: Mood = 'maiagent-well';
  /** True once conversations could not be read. */
  wasBlind = false;
  isCreateAnswered = false;
  isCancelAnswered = false;
  #body: object | undefined;

  constructor(world: World, brief: Brief) {
    super(world);
    this.brief = brief;
    this.witness = new BroadcastWitness(world, brief.message, (accusation) => this.accuse(accusation));
    world.mood = (request, send) => inMood(request, send, this);
  }

  get disliked(): string | undefined {
    return this.brief.meant.talker;
  }

  get refused(): Set<string> {
    return this.world.refused;
  }

  get broadcastId(): string | undefined {
    return this.witness.broadcastId;
  }

  /** Also where everybody whom it is for was shut out before it was made. */
  get mayBeRefused(): boolean {
    return this.brief.mayBeRefused === true || this.brief.meant.reachesNobody === true;
  }

  /** Its own row; `undefined` before it is made. */
  get row(): PlainRow | undefined {
    return this.rows().find(({ sk }) => sk === 'broadcast');
  }

  /** Its own row and those of its runs, then their batches and tallies, in the order of their keys. */
  rows(): readonly PlainRow[] {
    const { broadcastId } = this;
    if (broadcastId === undefined) return [];
    const found = [`broadcast#${broadcastId}`, `run#${broadcastId}#`].map((key) => this.world.rows('Broadcasts', key));
    return found.flatMap((rows) => rows.toSorted((a, b) => (`${a.pk} ${a.sk}` < `${b.pk} ${b.sk}` ? -1 : 1)));
  }

  /** When something is to be done, by a sweep, but for the next firing of what fires for ever: whoever works on a run finds its batches. */
  dueAts(kind = ''): readonly number[] {
    const found = this.rows().filter(({ pk, sk }) => pk.startsWith('broadcast#') && sk.startsWith(kind));
    return found.flatMap(({ dueAt, schedule, outstanding }) =>
      dueAt === undefined || (schedule?.kind === 'rate' && outstanding === undefined) ? [] : [dueAt],
    );
  }

  prepare(act: BroadcastAct): Attempt {
    if (Object.hasOwn(acts, act)) return acts[act as keyof typeof acts](this);
    return async () => void (this.mood = act as Mood);
  }

  /** The same body and key each time: a repeated creation finds the broadcast. */
  create(schedule = this.brief.schedule): Attempt {
    const { message, meant, latenessMinutes } = this.brief;
    let isRefused = false;
    return this.until(
      () => this.isCreateAnswered || isRefused,
      async (adversary) => {
        this.#body ??= { message, ...meant.body, schedule: schedule?.(this.world.time.now()), latenessMinutes };
        const headers = { 'idempotency-key': message };
        const answer = await this.#ask({ routeKey: id, body: this.#body, headers }, adversary);
        isRefused = answer?.status === 400 && this.mayBeRefused;
        if (answer?.status !== 200 && answer?.status !== 201) return;
        this.isCreateAnswered = true;
        if (answer.body.broadcastId !== this.broadcastId)
          this.accuse('a broadcast was answered before it was committed');
      },
    );
  }

  cancel(): Attempt {
    let isOver = false;
    return this.until(
      () => isOver || this.broadcastId === undefined,
      async (adversary) => {
        const broadcastId = await this.#created();
        // Nobody can cancel what has not been made.
        if (broadcastId === undefined) return;
        const request = { routeKey: `${id}/${own}/cancel`, parameters: { broadcastId } };
        const answer = await this.#ask(request, adversary);
        isOver = answer?.status === 200 || answer?.status === 409;
        if (answer?.status !== 200) return;
        this.isCancelAnswered = true;
        if (!this.witness.isCancelled) this.accuse('a cancel was answered before it was committed');
        if (answer.body.state !== 'cancelled') this.accuse('a cancel was answered with another state');
      },
    );
  }

  edit(change: (nowMs: number) => object): Attempt {
    let isOver = false;
    let body: { message?: string; paused?: boolean } | undefined;
    return this.until(
      () => isOver || this.broadcastId === undefined,
      async (adversary) => {
        const broadcastId = await this.#created();
        if (broadcastId === undefined) return;
        body ??= change(this.world.time.now());
        const { message, paused } = body;
        // What has passed by then is refused.
        const request = { routeKey: `PATCH /v1/broadcasts/${own}`, parameters: { broadcastId }, body };
        const answer = await this.#ask(request, adversary, paused === false || message === undefined);
        isOver = [200, 400, 409].includes(answer?.status ?? 0);
        const isEdited = message !== undefined && this.witness.texts.has(message);
        if (answer?.status === 409 && isEdited) this.accuse('an edit was refused and made all the same');
        if (answer?.status !== 200) return;
        if (message !== undefined && answer.body.message !== message) this.accuse('an edit was answered and not made');
        if (message !== undefined && !isEdited) this.accuse('an edit was answered before it was committed');
        if (paused && answer.body.state !== 'paused') this.accuse('a pause was answered with another state');
      },
    );
  }

  look(what: keyof typeof looks): Attempt {
    return async (adversary) => {
      const broadcastId = await this.#created();
      // Before its first run there are no recipients to be shown.
      const hasRun = this.rows().some(({ sk }) => sk.startsWith('run#'));
      if (broadcastId === undefined || (what === 'recipients' && !hasRun)) return;
      const request = { routeKey: looks[what], parameters: { broadcastId } };
      await this.#ask(what === 'preview' ? { ...request, body: this.#body } : request, adversary);
    };
  }

  /** An invocation of `broadcast`; whoever wakes it does not come again. */
  work(event: () => BroadcastEvent): Attempt {
    return async (adversary) => void (await this.invoke(adversary, (by) => broadcastJob(by)(event())));
  }

  /** What the stream would tell of every row that is to wake the job, or of one of them. */
  woken(
    rows: readonly Pick<PlainRow, 'pk' | 'sk'>[] = this.rows().filter(({ wake }) => wake === 'now'),
  ): BroadcastEvent {
    return { Records: rows.map(({ pk, sk }) => ({ dynamodb: { Keys: { pk: { S: pk }, sk: { S: sk } } } })) };
  }

  /** EventBridge Scheduler brings an occurrence to the job, again until the job takes it, for as long as it was told to. */
  fire(occurrence: Occurrence): Attempt {
    const firing: Firing = { occurrence, takenAtMs: undefined };
    this.firings.push(firing);
    const { time } = this.world;
    const isTooLate = (): boolean => time.now() > occurrence.atMs + occurrence.retryForMs;
    return this.until(
      () => firing.takenAtMs !== undefined || isTooLate(),
      async (adversary) => {
        // In trouble it comes more often than it is needed.
        if (isTooLate() || (firing.takenAtMs !== undefined && !adversary)) return;
        const isTaken = await this.invoke(adversary, (by) => broadcastJob(by)(occurrence.event));
        if (isTaken) firing.takenAtMs ??= time.now();
      },
    );
  }

  /** The next occurrence comes, so late and however late. */
  occur(lateMs: number): Attempt {
    return async (adversary) => {
      const { scheduler, time } = this.world;
      const name = await this.#next();
      const nextAtMs = scheduler.nextAtMs(name);
      if (nextAtMs === undefined) return;
      await time.sleepTo(nextAtMs + lateMs);
      const occurrence = scheduler.occur(name);
      if (occurrence) await this.fire({ ...occurrence, retryForMs: Infinity })(adversary);
    };
  }

  async loseFiring(): Promise<void> {
    const { scheduler, time } = this.world;
    const name = await this.#next();
    await time.sleepTo(scheduler.nextAtMs(name) ?? 0);
    scheduler.occur(name);
  }

  /** A recipient says something, so that the message is not the last one of the conversation. */
  chat(): void {
    const { store } = this.world.maiAgent;
    const [conversation] = store.conversationsOf(this.brief.meant.talker ?? '');
    if (conversation) store.addMessage(conversation, { type: 'incoming', content: 'A sample answer' });
  }

  endRun(): Attempt {
    return async (adversary) => {
      for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps += 1) {
        await this.perform('sweep', adversary);
        const runs = this.rows().filter(({ sk }) => sk.startsWith('run#'));
        if (runs.every(({ endedAtMs }) => endedAtMs !== undefined)) return;
        await this.world.time.sleepTo(Math.min(...this.dueAts('run#')) + 1);
      }
    };
  }

  /** The schedule that occurs next, of those that the broadcast has. */
  async #next(): Promise<string> {
    const { scheduler } = this.world;
    const names = scheduler.namesOf((await this.#created()) ?? 'none');
    const [next = ''] = names.toSorted((a, b) => (scheduler.nextAtMs(a) ?? 0) - (scheduler.nextAtMs(b) ?? 0));
    return next;
  }

  /** The broadcast's id. Whoever has no answer asks again before anything else, unless it may be refused for good. */
  async #created(): Promise<string | undefined> {
    if (this.#body && !this.isCreateAnswered && !this.mayBeRefused) await this.tellAgain();
    return this.broadcastId;
  }

  async #ask(
    request: SampleRequest,
    adversary: Adversary | undefined,
    mayBeRefused?: boolean,
  ): Promise<SampleAnswer | undefined> {
    const answer = await this.ask(manageJob, { claims, ...request }, adversary);
    const isUsual = answer === undefined || usualStatuses.has(answer.status);
    if (!isUsual && !(answer.status === 400 && (mayBeRefused ?? this.mayBeRefused)))
      this.accuse(`answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }
}
