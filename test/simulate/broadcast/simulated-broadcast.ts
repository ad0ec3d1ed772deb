import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { PlainRow } from '../../crash/broadcast/ground.ts';
import type { SampleAnswer, SampleRequest } from '../../rigs/gateway-event.ts';
import { randomOf } from '../../world/random.ts';
import type { Attempt } from '../simulated-person.ts';
import type { Stage } from '../stage.ts';
import type { BroadcastJobs, Who } from './broadcast-jobs.ts';
import { Firings } from './firings.ts';
import type { LinkHistory } from './link-history.ts';
import type { BroadcastAct, Plot } from './plot.ts';
import { SimulatedBroadcastWitness } from './simulated-broadcast-witness.ts';

/** Whom a broadcast may be for: the story's users, and the contacts that they have when it begins. */
export interface Public {
  readonly userIds: readonly string[];
  readonly contactIds: readonly string[];
}

/** What all broadcasts of a story share. */
export interface LambdaDeps {
  readonly stage: Stage;
  readonly jobs: BroadcastJobs;
  readonly history: LinkHistory;
  readonly all: Public;
}

/** What an answer may be when everything else is ruled out. 400: by now there is nobody to be reached, or the time is over. */
const usualStatuses = new Set([200, 201, 400, 409, 500, 503]);
const looks = ['GET /v1/broadcasts', 'GET /v1/broadcasts/{broadcastId}', 'GET /v1/broadcasts/{broadcastId}/recipients'];

/** One broadcast of a simulation, everybody who acts on it, and the witness of all of it. */
export class SimulatedBroadcast {
  readonly plot: Plot;
  readonly message: string;
  readonly witness: SimulatedBroadcastWitness;
  readonly firings: Firings;
  readonly #around: LambdaDeps;
  readonly #untold = new Set<Attempt>();
  #body: object | undefined;
  isCreateAnswered = false;
  isCancelAnswered = false;

  constructor(plot: Plot, around: LambdaDeps) {
    const { stage, jobs, history } = around;
    this.plot = plot;
    this.#around = around;
    this.message = `Message ${plot.number} of ${stage.story.seed}`;
    this.witness = new SimulatedBroadcastWitness(stage, this.message, history);
    this.firings = new Firings(stage, jobs, plot.number);
  }

  get broadcastId(): string | undefined {
    return this.witness.broadcastId;
  }

  /** Its own row; `undefined` before it is made. */
  get row(): PlainRow | undefined {
    return this.rows().find(({ sk }) => sk === 'broadcast');
  }

  /** Its own row, those of its runs, and their batches and tallies, in the order of their keys. */
  rows(): readonly PlainRow[] {
    const { broadcastId } = this;
    if (broadcastId === undefined) return [];
    const isOwn = (pk: string): boolean => pk === `broadcast#${broadcastId}` || pk.startsWith(`run#${broadcastId}#`);
    const own = this.#around.stage.database.rows('Broadcasts').filter(({ pk }) => isOwn(pk?.S ?? ''));
    const keyOf = ({ pk, sk }: PlainRow): string => `${pk} ${sk}`;
    return own.map((row) => unmarshall(row) as PlainRow).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  /** When something is to be done, by a sweep, but for the next firing of what fires for ever: whoever works on a run finds its batches. */
  dueAts(kind = ''): readonly number[] {
    const found = this.rows().filter(({ pk, sk }) => pk.startsWith('broadcast#') && sk.startsWith(kind));
    return found.flatMap(({ dueAt, schedule, outstanding }) =>
      dueAt === undefined || (schedule?.kind === 'rate' && outstanding === undefined) ? [] : [dueAt],
    );
  }

  /** Whom its audience names: keys of links, or contacts; `undefined` for everybody. */
  get named(): readonly string[] | undefined {
    const { userIds, contactIds } = this.#audience;
    return contactIds ?? userIds?.map((userId) => `user#${userId}`);
  }

  prepare(act: BroadcastAct): Attempt {
    switch (act) {
      case 'create':
        return (...who) => this.#create(who);
      case 'cancel':
        return (...who) => this.#cancel(who);
      case 'look':
        return (...who) => this.#look(who);
      case 'chat':
        return (...who) => this.#chat(who);
      case 'sweep':
        return async (...who) => void (await this.#around.jobs.work({ sweep: true }, ...who));
    }
  }

  /** Does something now, after all trouble. */
  perform(act: BroadcastAct): Promise<void> {
    return this.#around.stage.time.until(this.prepare(act)(act, [0]));
  }

  get isAllTold(): boolean {
    return this.#untold.size + this.firings.untold.size === 0;
  }

  /** What has not been answered is asked again by whoever asked, and what was not taken is brought again. */
  async tellAgain(): Promise<void> {
    const untold = [...this.#untold, ...this.firings.untold];
    this.#untold.clear();
    this.firings.untold.clear();
    for (const attempt of untold) await this.#around.stage.time.until(attempt('asked again', [0]));
  }

  get #audience(): { kind: string; userIds?: readonly string[]; contactIds?: readonly string[] } {
    const { audience, ghosts } = this.plot;
    const { userIds, contactIds } = this.#around.all;
    if (audience === 'all') return { kind: 'all' };
    if (audience === 'contacts' && contactIds.length > 0) return { kind: 'contacts', contactIds };
    const nobodies = Array.from({ length: ghosts }, (_, index) => `nobody-${index}`);
    return { kind: 'users', userIds: [...userIds.slice(0, 1), ...nobodies, ...userIds.slice(1)] };
  }

  /** What is asked for, decided when it is asked for the first time. The same key each time: a repeated creation finds the broadcast. */
  async #create(who: Who): Promise<void> {
    const { latenessMinutes, audience } = this.plot;
    this.#body ??= {
      message: this.message,
      audience: this.#audience,
      schedule: scheduleOf(this.plot, this.#around.stage.time.now()),
      latenessMinutes,
      ...(audience === 'all' && { confirm: 'all' }),
    };
    const headers = { 'idempotency-key': this.message };
    const answer = await this.#ask({ routeKey: 'POST /v1/broadcasts', body: this.#body, headers }, who);
    const isMade = answer?.status === 200 || answer?.status === 201;
    if (isMade && answer.body.broadcastId !== this.broadcastId)
      this.witness.accuse('a broadcast was answered before it was committed');
    this.isCreateAnswered ||= isMade;
    if (!isMade && answer?.status !== 400) this.#untold.add(this.prepare('create'));
  }

  async #cancel(who: Who): Promise<void> {
    const { broadcastId, witness } = this;
    // Nobody can cancel what has not been made.
    if (broadcastId === undefined) return;
    const request = { routeKey: 'POST /v1/broadcasts/{broadcastId}/cancel', parameters: { broadcastId } };
    const answer = await this.#ask(request, who);
    if (answer?.status === 200) {
      this.isCancelAnswered = true;
      if (!witness.isCancelled) witness.accuse('a cancel was answered before it was committed');
      if (answer.body.state !== 'cancelled') witness.accuse('a cancel was answered with another state');
    } else if (answer?.status !== 409) this.#untold.add(this.prepare('cancel'));
  }

  async #look(who: Who): Promise<void> {
    const { broadcastId } = this;
    const routeKey = randomOf(this.#around.stage.story.seed, ...who[1], 1).one(looks);
    // Before its first run there are no recipients to be shown.
    if (broadcastId === undefined || !this.rows().some(({ sk }) => sk.startsWith('run#'))) return;
    await this.#ask({ routeKey, parameters: { broadcastId } }, who);
  }

  /** A recipient says something, so that the message is not the last one of the conversation. */
  async #chat([name, keys]: Who): Promise<void> {
    const { stage } = this.#around;
    const { store } = stage.world;
    if (store.conversations.length === 0) return;
    const conversation = randomOf(stage.story.seed, ...keys).one(store.conversations);
    store.addMessage(conversation, { type: 'incoming', content: 'A sample answer' });
    stage.note(name, 'says something');
  }

  async #ask(request: SampleRequest, who: Who): Promise<SampleAnswer | undefined> {
    const answer = await this.#around.jobs.ask(request, ...who);
    if (answer && !usualStatuses.has(answer.status))
      this.witness.accuse(`answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }
}

/** Rates as short as they may be: two runs that say the same come close to each other. */
function scheduleOf({ schedule, aheadMs }: Plot, nowMs: number): object {
  if (schedule === 'at')
    return { kind: 'at', at: new Date(nowMs + aheadMs).toISOString().slice(0, 19), timeZone: 'UTC' };
  return schedule === 'rate' ? { kind: 'rate', rate: '15 minutes' } : { kind: 'now' };
}
