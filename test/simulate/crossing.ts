import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import type { Random } from '../world/random.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { Stage } from './stage.ts';
import { drawFreeze, type Trouble, type Fate } from './troubles.ts';

/** One call on its way: how long it takes there and back, and what befalls it. */
interface Way {
  readonly boundary: string;
  readonly place: string;
  readonly there: number;
  readonly back: number;
  readonly trouble: Trouble | undefined;
  readonly random: Random;
}

/** What differs between callers: how long others have to wait for one who is late, in ms, and where trouble is likely. */
export interface Habits {
  readonly fate: Fate;
  /** Until the caller's lease or claim is over. */
  readonly holdMs: number;
  /** As long as a request that its sender has given up may still act: what the length of a lease is there for (design §5). */
  readonly lateMs: number;
}

/** How long the SDK tries in all before it gives up (`functions/io/aws/clients.ts`), about. */
export const TABLE_MS_MAX = 9_000;

interface TableCall {
  /** The effect when the caller learns nothing of it. */
  readonly write: () => Promise<unknown>;
  readonly unreachable: () => Error;
  readonly conflict: () => Error;
  readonly timeoutMs: number;
}

interface MaiAgentCall {
  readonly effect: () => Promise<Transport>;
  /** As much of the effect as there is when MaiAgent stops in the middle of it; nothing where it is not given. */
  readonly half?: () => Promise<unknown>;
  /** Told when MaiAgent refuses it for no reason of its own. */
  readonly refuse?: () => void;
  readonly timeoutMs: number;
}

/** When a lease is over, others have had so much time. */
const AND_MORE_MS = 1_000;

const busy: Transport = {
  kind: 'reply',
  status: 429,
  headers: { 'retry-after': '1' },
  body: '{"detail":"Throttled."}',
};
const badGateway: Transport = { kind: 'reply', status: 502, headers: {}, body: '<html></html>' };
const badRequest: Transport = {
  kind: 'reply',
  status: 400,
  headers: {},
  body: '{"contactIds":["Not a valid id."]}',
};
const serverError: Transport = { kind: 'reply', status: 500, headers: {}, body: '' };

/** Takes one call to the table or to MaiAgent and back again. Whoever is dead by then never learns what came of it. */
export class Crossing {
  readonly #stage: Stage;
  readonly #caller: SimulatedCaller;
  readonly #way: Way;
  readonly #habits: Habits;
  /** How long the answer is on its way. */
  #back: number;

  constructor(stage: Stage, caller: SimulatedCaller, way: Way, habits: Habits) {
    this.#stage = stage;
    this.#caller = caller;
    this.#way = way;
    this.#habits = habits;
    this.#back = way.back;
  }

  async toTable<Output>(effect: () => Promise<Output>, call: TableCall): Promise<Output> {
    const { trouble, random } = this.#way;
    const holdMs = this.#habits.holdMs + AND_MORE_MS;
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
        this.#later(call.write, call.timeoutMs + random.below(2 * holdMs));
        await this.#stage.time.sleep(call.timeoutMs);
        return this.#return(() => Promise.reject(call.unreachable()));
      case 'lose-ack':
        await this.#afterwards(effect);
        await this.#stage.time.sleep(this.#back);
        return this.#return(effect);
      case 'hold':
        await this.#stage.time.sleep(holdMs + random.below(1_000));
        return this.#return(effect);
      case 'echo':
        this.#later(call.write, random.below(2 * holdMs));
        return this.#return(effect);
      case 'freeze':
        return this.#return(effect, () => this.#caller.freeze(drawFreeze(random, this.#habits.holdMs)));
      default:
        return this.#return(effect);
    }
  }

  async toMaiAgent(call: MaiAgentCall): Promise<Transport> {
    const { boundary } = this.#way;
    const transport = await this.#toMaiAgent(call);
    return this.#stage.story.weakness?.maiAgent?.(boundary, transport) ?? transport;
  }

  async #toMaiAgent({ effect, half, refuse, timeoutMs }: MaiAgentCall): Promise<Transport> {
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
      case 'refuse':
        refuse?.();
        return this.#reply(badRequest);
      case 'half-done':
        if (half) await this.#afterwards(half);
        return this.#reply(serverError);
      case 'half-told':
        return this.#reply(halfOf(await effect()));
      case 'drop':
        return this.#lost(timeoutMs);
      case 'lose-ack':
        await this.#afterwards(effect);
        return this.#lost(timeoutMs);
      case 'hold':
        this.#later(effect, random.below(this.#habits.lateMs));
        return this.#lost(timeoutMs);
      case 'freeze':
        return this.#return(effect, () => this.#caller.freeze(drawFreeze(random, this.#habits.holdMs)));
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
    return this.#reply({ kind: 'reply-lost' });
  }
}

/** A reply that says of half the recipients what became of them, and nothing of the others. */
function halfOf(whole: Transport): Transport {
  if (whole.kind !== 'reply') return whole;
  const { results = [], errors = [] } = JSON.parse(whole.body) as { results?: unknown[]; errors?: unknown[] };
  const some = <Entry>(list: readonly Entry[]): Entry[] => list.slice(0, Math.floor(list.length / 2));
  return { ...whole, body: JSON.stringify({ results: some(results), errors: some(errors) }) };
}
