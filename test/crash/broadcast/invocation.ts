import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { HttpSend } from '../../../functions/io/https.ts';
import type { Schedules } from '../../../functions/io/schedules.ts';
import type { Transport } from '../../../functions/rules/outcome.ts';
import type { Call, Gauntlet, World } from '../gauntlet.ts';
import { TableUnreachable } from '../invocation.ts';
import {
  broadcastMaiAgentBoundary,
  broadcastTableBoundary,
  keyOf,
  writtenRows,
  type BroadcastInput,
  type WrittenRow,
} from './boundary.ts';

/** What an invocation is watched by. */
export interface BroadcastWatch {
  /** A transaction went through, whether or not anybody heard of it. */
  committed(boundary: string, rows: readonly WrittenRow[]): void;
  /** A broadcast reaches MaiAgent now. */
  reaches(body: string): Promise<void>;
}

/** Thrown into a caller whose call to EventBridge Scheduler failed for good. */
export class SchedulerUnreachable extends Error {
  override name = 'SchedulerUnreachable';
}

/** How long the SDK tries in all before it gives up (`functions/io/aws.ts`), about. */
const SDK_MS_MAX = 9_000;

/** One invocation of `broadcast` or `manage`: all that it does at the tables, MaiAgent and EventBridge Scheduler goes through here. */
export class BroadcastInvocation {
  readonly #gauntlet: Gauntlet | undefined;
  readonly #world: World;
  readonly #watch: BroadcastWatch;
  readonly #claimed = new Set<string>();
  #isDead = false;

  constructor(gauntlet: Gauntlet | undefined, world: World, watch: BroadcastWatch) {
    this.#gauntlet = gauntlet;
    this.#watch = watch;
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
    return (request) => {
      if (request.timeoutMs <= 0) return send(request);
      const boundary = broadcastMaiAgentBoundary(request);
      const effect = async (): Promise<Transport> => {
        if (boundary === 'maiagent:broadcast') await this.#watch.reaches(request.body ?? '{}');
        return send(request);
      };
      const { timeoutMs } = request;
      return this.#cross<Transport>(boundary, {
        party: 'maiagent',
        effect,
        fail: () => ({ kind: 'not-sent' }),
        lost: () => ({ kind: 'lost' }),
        timeoutMs,
      });
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
    const boundary = broadcastTableBoundary(command, input, (key) => this.#claimed.has(key));
    const rows = writtenRows(input);
    const effect = async (): Promise<Output> => {
      const output = await next();
      if (boundary === 'table:claim') for (const { row } of rows) this.#claimed.add(keyOf(row));
      this.#watch.committed(boundary, rows);
      return output;
    };
    const fail = (): never => {
      throw new TableUnreachable('the table could not be reached');
    };
    return this.#cross(boundary, { party: 'table', effect, fail, lost: fail, timeoutMs: SDK_MS_MAX });
  }

  /** Whoever is dead does nothing more, in none of its lanes. */
  #cross<Answer>(boundary: string, call: Call<Answer>): Promise<Answer> {
    if (this.#isDead) return new Promise(() => {});
    return this.#gauntlet ? this.#gauntlet.cross(boundary, call, this.#world) : call.effect();
  }
}
