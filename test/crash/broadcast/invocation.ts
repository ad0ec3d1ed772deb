import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { HttpSend } from '../../../functions/io/https.ts';
import type { Schedules } from '../../../functions/io/aws/schedules.ts';
import type { Transport } from '../../../functions/rules/maiagent/outcome.ts';
import type { Call, Gauntlet, World } from '../gauntlet.ts';
import { TableUnreachable } from '../invocation.ts';
import {
  broadcastMaiAgentBoundary,
  broadcastTableBoundary,
  keyOf,
  turnOf,
  writtenRows,
  type BroadcastInput,
  type WrittenRow,
} from './boundary.ts';
import { Lanes, type LaneOrder } from './lanes.ts';

/** What an invocation is watched by. */
export interface BroadcastWatch {
  /** A transaction went through, whether or not anybody heard of it. */
  committed(boundary: string, rows: readonly WrittenRow[]): void;
  /** A broadcast reaches MaiAgent now. */
  reaches(body: string): Promise<void>;
}

/** What the adversary can do. Of a broadcast that is kept for later it has the body. */
export interface BroadcastWorld extends Omit<World, 'later'> {
  later(effect: () => Promise<unknown>, when: Parameters<World['later']>[1], body: string): void;
}

/** Thrown into a caller whose call to EventBridge Scheduler failed for good. */
export class SchedulerUnreachable extends Error {
  override name = 'SchedulerUnreachable';
}

/** How long the SDK tries in all before it gives up (`functions/io/aws/clients.ts`), about. */
const SDK_MS_MAX = 9_000;

/** One invocation of `broadcast` or `manage`: all that it does at the tables, MaiAgent and EventBridge Scheduler goes through here. */
export class BroadcastInvocation {
  readonly #gauntlet: Gauntlet | undefined;
  readonly #world: BroadcastWorld;
  readonly #watch: BroadcastWatch;
  readonly #lanes: Lanes;
  readonly #claimed = new Set<string>();
  readonly #turns = new Set<string>();
  #isDead = false;

  constructor(
    gauntlet: Gauntlet | undefined,
    world: BroadcastWorld,
    watch: BroadcastWatch,
    order: LaneOrder = 'in turn',
  ) {
    this.#gauntlet = gauntlet;
    this.#watch = watch;
    this.#lanes = new Lanes(world, order);
    this.#world = {
      ...world,
      killed: () => {
        this.#isDead = true;
        world.killed();
      },
    };
  }

  /** The client as this invocation has it. Its middleware sits inside the SDK's own retries, and repeats the signed bytes. */
  table(client: DynamoDBClient): DynamoDBClient {
    const send = (command: Parameters<DynamoDBClient['send']>[0]) => {
      command.middlewareStack.add(
        (next, { commandName }) =>
          (args) =>
            this.#tableCall(String(commandName), args.input as BroadcastInput, () => next(args)),
        { step: 'finalizeRequest', priority: 'low', name: 'gauntlet' },
      );
      return client.send(command);
    };
    return { send } as unknown as DynamoDBClient;
  }

  /** The way to MaiAgent as this invocation has it. A call whose time is over is not sent, and is no boundary. */
  sender(send: HttpSend): HttpSend {
    return async (request) => {
      const { timeoutMs, body = '{}' } = request;
      if (timeoutMs <= 0) return send(request);
      const boundary = broadcastMaiAgentBoundary(request);
      const isBroadcast = boundary === 'maiagent:broadcast';
      const askedAt = this.#world.elapsed();
      let isUnanswered = false;
      const effect = async (): Promise<Transport> => {
        if (isBroadcast) await this.#watch.reaches(body);
        const transport = await send(request);
        isUnanswered = transport.kind === 'reply-lost';
        return transport;
      };
      const call = { effect, fail: () => notSent, lost: () => lost, timeoutMs, party: 'maiagent' } as const;
      const transport = await this.#cross<Transport>(boundary, call, body);
      if (isUnanswered) await this.#lanes.wait(askedAt + timeoutMs);
      return transport;
    };
  }

  /** EventBridge Scheduler as this invocation has it. */
  schedules(schedules: Schedules): Schedules {
    const fail = (): never => {
      throw new SchedulerUnreachable('EventBridge Scheduler could not be reached');
    };
    const cross = <Answer>(boundary: string, effect: () => Promise<Answer>): Promise<Answer> =>
      this.#cross(boundary, { party: 'table', effect, fail, lost: fail, timeoutMs: SDK_MS_MAX });
    return {
      make: (request) => cross('scheduler:make', () => schedules.make(request)),
      remove: (name) => cross('scheduler:remove', () => schedules.remove(name)),
    };
  }

  #tableCall<Output>(command: string, input: BroadcastInput, next: () => Promise<Output>): Promise<Output> {
    const isClaimant = (key: string): boolean => this.#claimed.has(key);
    const hasTurn = (turn: string): boolean => this.#turns.has(turn);
    const boundary = broadcastTableBoundary(command, input, isClaimant, hasTurn);
    const rows = writtenRows(input);
    const effect = async (): Promise<Output> => {
      const output = await next();
      if (boundary === 'table:claim') for (const { row } of rows) this.#claimed.add(keyOf(row));
      if (boundary === 'table:turn') for (const { row } of rows) this.#turns.add(turnOf(row));
      this.#watch.committed(boundary, rows);
      return output;
    };
    const fail = (): never => {
      throw new TableUnreachable('the table could not be reached');
    };
    return this.#cross(boundary, { party: 'table', effect, fail, lost: fail, timeoutMs: SDK_MS_MAX });
  }

  /** Whoever is dead does nothing more, in none of its lanes. */
  async #cross<Answer>(boundary: string, call: Call<Answer>, body = ''): Promise<Answer> {
    const askedAt = this.#world.elapsed();
    let waitUntil = 0;
    const world: World = {
      ...this.#world,
      advance: (ms) => void (waitUntil = askedAt + ms),
      later: (effect, when) => this.#world.later(effect, when, body),
    };
    const answer = await this.#lanes.call(async () => {
      if (this.#isDead) return new Promise<never>(() => {});
      // Its timer has run since it was asked for, whatever kept the whole invocation.
      if (call.party === 'maiagent' && world.elapsed() - askedAt >= call.timeoutMs) return call.fail();
      return this.#gauntlet ? this.#gauntlet.cross(boundary, call, world) : call.effect();
    });
    if (waitUntil > 0) await this.#lanes.wait(waitUntil);
    return answer;
  }
}

const notSent = { kind: 'not-sent' } as const;
const lost = { kind: 'reply-lost' } as const;
