import type { SampleAnswer, SampleRequest } from '../../rigs/gateway-event.ts';
import type { Gauntlet } from '../gauntlet.ts';
import type { Crowd } from './crowd.ts';
import type { BroadcastWitness } from './witness.ts';

/** One try of somebody who tries until it is answered: the first one perhaps under attack. */
export type Attempt = (gauntlet?: Gauntlet) => Promise<void>;

/** Where the back office works, and what it reaches `manage` by. */
interface Office {
  readonly message: string;
  readonly crowd: Crowd;
  readonly witness: BroadcastWitness;
  /** What `manage` answers; `undefined` when it died before. */
  readonly ask: (request: SampleRequest, gauntlet: Gauntlet | undefined) => Promise<SampleAnswer | undefined>;
  /** Keeps what has not been answered. */
  readonly again: (attempt: Attempt) => void;
}

/** What an answer may be when everything else is ruled out. */
const usualStatuses = new Set([200, 201, 409, 500, 503]);

/** Whoever makes the broadcast of one story, cancels it and looks at it, over the API. */
export class BackOffice {
  broadcastId: string | undefined;
  isCancelAnswered = false;
  readonly #office: Office;
  #body: object | undefined;

  constructor(office: Office) {
    this.#office = office;
  }

  /** The same body and key each time, so that a repeated creation finds the broadcast. */
  async create(schedule: object, gauntlet?: Gauntlet): Promise<void> {
    const { message, crowd, witness, again } = this.#office;
    this.#body ??= { message, ...crowd.body, schedule };
    const attempt: Attempt = async (gauntlet) => {
      const headers = { 'idempotency-key': message };
      const request = { routeKey: 'POST /v1/broadcasts', body: this.#body, headers };
      const answer = await this.#ask(request, gauntlet);
      if (answer?.status !== 200 && answer?.status !== 201) return again(attempt);
      this.broadcastId ??= answer.body.broadcastId as string;
      if (this.broadcastId !== answer.body.broadcastId) witness.accuse('one key made two broadcasts');
    };
    await attempt(gauntlet);
  }

  /** The broadcast's id. Whoever has no answer asks again before anything else. */
  async created(): Promise<string> {
    while (this.broadcastId === undefined) await this.create({ kind: 'now' });
    return this.broadcastId;
  }

  async cancel(gauntlet?: Gauntlet): Promise<void> {
    const { witness, again } = this.#office;
    const broadcastId = await this.created();
    const attempt: Attempt = async (gauntlet) => {
      const request = { routeKey: 'POST /v1/broadcasts/{broadcastId}/cancel', parameters: { broadcastId } };
      const answer = await this.#ask(request, gauntlet);
      if (answer?.status === 200) {
        this.isCancelAnswered = true;
        if (!witness.isCancelled) witness.accuse('a cancel was answered before it was committed');
        if (answer.body.state !== 'cancelled') witness.accuse('a cancel was answered with another state');
      } else if (answer?.status !== 409) again(attempt);
    };
    await attempt(gauntlet);
  }

  async look(what: 'preview' | 'list' | 'show' | 'recipients', gauntlet?: Gauntlet): Promise<void> {
    const parameters = { broadcastId: await this.created() };
    const body = this.#body ?? {};
    const routes = {
      preview: { routeKey: 'POST /v1/broadcasts/preview', body },
      list: { routeKey: 'GET /v1/broadcasts' },
      show: { routeKey: 'GET /v1/broadcasts/{broadcastId}', parameters },
      recipients: { routeKey: 'GET /v1/broadcasts/{broadcastId}/recipients', parameters },
    };
    await this.#ask(routes[what], gauntlet);
  }

  async #ask(request: SampleRequest, gauntlet: Gauntlet | undefined): Promise<SampleAnswer | undefined> {
    const { ask, witness } = this.#office;
    const answer = await ask(request, gauntlet);
    if (answer && !usualStatuses.has(answer.status))
      witness.accuse(`answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }
}
