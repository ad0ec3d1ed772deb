import type { Transport } from '../../functions/rules/outcome.ts';
import { crashSettings } from '../crash/jobs.ts';
import type { Random } from './random.ts';
import type { SimulatedInvocation } from './simulated-invocation.ts';
import type { Stage } from './stage.ts';
import { drawFreeze, type Trouble } from './troubles.ts';

/** One call on its way: how long it takes there and back, and what befalls it. */
interface Way {
  readonly boundary: string;
  readonly place: string;
  readonly there: number;
  readonly back: number;
  readonly trouble: Trouble | undefined;
  readonly random: Random;
}

interface TableCall {
  /** The effect when the caller learns nothing of it. */
  readonly write: () => Promise<unknown>;
  readonly unreachable: () => Error;
  readonly conflict: () => Error;
  readonly timeoutMs: number;
}

/** After so long every lease is over that was taken before, and others have had some time. */
const LEASE_AND_MORE_MS = crashSettings.leaseMs + 1_000;
/** A request that its sender has given up may still act for so long: what the length of a lease is there for (design §5). */
const LATE_MS_MAX = crashSettings.leaseMs - crashSettings.sendBudgetMs;

const busy: Transport = {
  kind: 'reply',
  status: 429,
  headers: { 'retry-after': '1' },
  body: '{"detail":"Throttled."}',
};
const badGateway: Transport = { kind: 'reply', status: 502, headers: {}, body: '<html></html>' };
const serverError: Transport = { kind: 'reply', status: 500, headers: {}, body: '' };

/** Takes one call to the table or to MaiAgent and back again. Whoever is dead by then never learns what came of it. */
export class Crossing {
  readonly #stage: Stage;
  readonly #caller: SimulatedInvocation;
  readonly #way: Way;
  /** How long the answer is on its way. */
  #back: number;

  constructor(stage: Stage, caller: SimulatedInvocation, way: Way) {
    this.#stage = stage;
    this.#caller = caller;
    this.#way = way;
    this.#back = way.back;
  }

  async toTable<Output>(effect: () => Promise<Output>, call: TableCall): Promise<Output> {
    const { trouble, random } = this.#way;
    if (this.#stage.isRough) await this.#caller.home();
    await this.#leave(Infinity);
    switch (trouble) {
      case 'kill-before':
        return this.#killed();
      case 'kill-after':
        return this.#afterwards(call.write).then(() => this.#killed());
      case 'fail':
        return this.#return(() => Promise.reject(call.unreachable()));
      case 'conflict':
        return this.#return(() => Promise.reject(call.conflict()));
      case 'fail-after':
        await this.#afterwards(effect);
        return this.#return(() => Promise.reject(call.unreachable()));
      case 'zombie':
        this.#later(call.write, call.timeoutMs + random.below(2 * LEASE_AND_MORE_MS));
        await this.#stage.time.sleep(call.timeoutMs);
        return this.#return(() => Promise.reject(call.unreachable()));
      case 'lose-ack':
        await this.#afterwards(effect);
        await this.#stage.time.sleep(this.#back);
        return this.#return(effect);
      case 'hold':
        await this.#stage.time.sleep(LEASE_AND_MORE_MS + random.below(1_000));
        return this.#return(effect);
      case 'echo':
        this.#later(call.write, random.below(2 * LEASE_AND_MORE_MS));
        return this.#return(effect);
      case 'freeze':
        return this.#return(effect, () => this.#caller.freeze(drawFreeze(random, crashSettings.leaseMs)));
      default:
        return this.#return(effect);
    }
  }

  async toMaiAgent(effect: () => Promise<Transport>, timeoutMs: number): Promise<Transport> {
    const { trouble, random } = this.#way;
    if (!this.#stage.isRough) return effect();
    this.#back = Math.min(this.#back, timeoutMs / 2);
    await this.#leave(timeoutMs / 2);
    switch (trouble) {
      case 'kill-before':
        return this.#killed();
      case 'kill-after':
        return this.#afterwards(effect).then(() => this.#killed());
      case 'fail':
        return this.#reply({ kind: 'not-sent' });
      case 'busy':
        return this.#reply(busy);
      case 'gateway-error':
        return this.#reply(badGateway);
      case 'server-error':
        await this.#afterwards(effect);
        return this.#reply(serverError);
      case 'garbled': {
        const whole = await effect();
        return this.#reply(whole.kind === 'reply' ? { ...whole, body: whole.body.slice(0, -1) } : whole);
      }
      case 'drop':
        return this.#lost(timeoutMs);
      case 'lose-ack':
        await this.#afterwards(effect);
        return this.#lost(timeoutMs);
      case 'hold':
        this.#later(effect, random.below(LATE_MS_MAX));
        return this.#lost(timeoutMs);
      case 'freeze':
        return this.#return(effect, () => this.#caller.freeze(drawFreeze(random, crashSettings.leaseMs)));
      default:
        return this.#return(effect);
    }
  }

  /** On the way there. What the sender has a timer for is there before half of it is over, so that it can be answered in time. */
  async #leave(msMax: number): Promise<void> {
    const { boundary, place, there, trouble } = this.#way;
    const stage = this.#stage;
    if (!stage.isRough) return;
    stage.calls += 1;
    if (trouble !== undefined) stage.troubles += 1;
    await stage.time.sleep(Math.min(there, msMax));
    stage.note(this.#caller.name, trouble === undefined ? boundary : `${boundary} (${trouble})`, trouble && place);
  }

  #killed(): Promise<never> {
    this.#caller.kill();
    return new Promise(() => {});
  }

  async #afterwards(effect: () => Promise<unknown>): Promise<void> {
    await effect().catch(() => undefined);
  }

  #later(effect: () => Promise<unknown>, ms: number): void {
    const { boundary } = this.#way;
    this.#stage.time.in(ms, () => {
      this.#stage.note(this.#caller.name, `${boundary}, long on its way, takes effect`);
      void this.#afterwards(effect);
    });
  }

  /** The effect, and the way back to the caller, who may have been frozen or killed meanwhile. */
  async #return<Output>(effect: () => Promise<Output>, arrive?: () => void): Promise<Output> {
    try {
      return await effect();
    } finally {
      arrive?.();
      if (this.#stage.isRough) await this.#stage.time.sleep(this.#back);
      await this.#caller.home();
    }
  }

  #reply(transport: Transport): Promise<Transport> {
    return this.#return(() => Promise.resolve(transport));
  }

  async #lost(timeoutMs: number): Promise<Transport> {
    await this.#stage.time.sleep(timeoutMs);
    return this.#reply({ kind: 'lost' });
  }
}
