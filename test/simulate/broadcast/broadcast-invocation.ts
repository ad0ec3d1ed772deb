import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { HttpRequest, HttpSend } from '../../../functions/io/https.ts';
import type { Schedules } from '../../../functions/io/aws/schedules.ts';
import {
  broadcastMaiAgentBoundary,
  broadcastTableBoundary,
  keyOf,
  writtenRows,
  type BroadcastInput,
} from '../../crash/broadcast/boundary.ts';
import { claimMs, type PlainRow } from '../../crash/broadcast/ground.ts';
import { BroadcastInvocation, SchedulerUnreachable } from '../../crash/broadcast/invocation.ts';
import type { World } from '../../crash/gauntlet.ts';
import { TableUnreachable } from '../../crash/invocation.ts';
import { TABLE_MS_MAX } from '../crossing.ts';
import { SimulatedCaller } from '../simulated-caller.ts';
import type { Stage } from '../stage.ts';
import { fateOfBroadcasts } from '../troubles.ts';

/** What a claim's request may have lost before it goes out: the time that it may wait, and its way there (`functions/broadcasts/serve-batch.ts`). */
const LOST_MS_MAX = 9_000;
const habits = { fate: fateOfBroadcasts, holdMs: claimMs, lateMs: claimMs - LOST_MS_MAX };
const nobody = { committed: () => undefined, reaches: () => Promise.resolve() };

/** Told when a broadcast reaches MaiAgent, with the claims that its sender knows to be its own. */
export type Reaches = (body: string, claimIds: ReadonlySet<string>) => void;

/** One invocation of `broadcast` or `manage` in a simulation. What it commits the database tells; what it sends, `reaches`. */
export class SimulatedBroadcastInvocation extends BroadcastInvocation {
  readonly caller: SimulatedCaller;
  readonly #stage: Stage;
  readonly #reaches: Reaches;
  /** Batches, and claims. */
  readonly #claimed = new Set<string>();
  readonly #claimIds = new Set<string>();

  constructor(name: string, keys: readonly number[], stage: Stage, reaches: Reaches) {
    // The gauntlet is the crash tests' way to trouble; here there is another one.
    super(undefined, {} as World, nobody);
    this.caller = new SimulatedCaller(name, keys, stage, habits);
    this.#stage = stage;
    this.#reaches = reaches;
  }

  override table(client: DynamoDBClient): DynamoDBClient {
    return { send: (command: object) => this.#tableCall(command, client) } as unknown as DynamoDBClient;
  }

  override sender(send: HttpSend): HttpSend {
    return (request) => {
      const { timeoutMs, body = '{}' } = request;
      if (timeoutMs <= 0) return Promise.resolve({ kind: 'not-sent' });
      const boundary = broadcastMaiAgentBoundary(request);
      const arrive = async (what: HttpRequest) => {
        if (boundary === 'maiagent:broadcast') this.#reaches(body, this.#claimIds);
        return send(what);
      };
      const half = () => arrive({ ...request, body: halved(body) });
      const refuse = (): void => contactIdsIn(body).forEach((one) => this.#stage.refused.add(one));
      return this.caller.crossing(boundary).toMaiAgent({ effect: () => arrive(request), half, refuse, timeoutMs });
    };
  }

  override schedules(schedules: Schedules): Schedules {
    const unreachable = () => new SchedulerUnreachable('EventBridge Scheduler could not be reached');
    const cross = <Answer>(boundary: string, effect: () => Promise<Answer>): Promise<Answer> => {
      const call = { write: effect, unreachable, conflict: unreachable, timeoutMs: TABLE_MS_MAX };
      return this.caller.crossing(boundary).toTable(effect, call);
    };
    return {
      make: (request) => cross('scheduler:make', () => schedules.make(request)),
      remove: (name) => cross('scheduler:remove', () => schedules.remove(name)),
    };
  }

  #tableCall(command: object, client: DynamoDBClient): Promise<unknown> {
    const { input } = command as { input: BroadcastInput };
    const boundary = broadcastTableBoundary(command.constructor.name, input, (key) => this.#claimed.has(key));
    const sent = this.caller.asSent(command, boundary);
    const write = (): Promise<unknown> => client.send(sent as Parameters<DynamoDBClient['send']>[0]);
    const effect = async (): Promise<unknown> => {
      const output = await write();
      if (boundary === 'table:claim') for (const { row } of writtenRows(input)) this.#hasClaimed(row);
      return output;
    };
    const unreachable = () => new TableUnreachable('the table could not be reached');
    const call = { write, unreachable, conflict: unreachable, timeoutMs: TABLE_MS_MAX };
    return this.caller.crossing(boundary).toTable(effect, call);
  }

  #hasClaimed(row: PlainRow): void {
    this.#claimed.add(keyOf(row));
    const { id } = row.claim as { readonly id: string };
    this.#claimIds.add(id);
  }
}

/** Whom a request names. */
export const contactIdsIn = (body: string): readonly string[] =>
  (JSON.parse(body) as { contactIds?: string[] }).contactIds ?? [];

/** A request for the first half of its recipients. */
function halved(body: string): string {
  const contactIds = contactIdsIn(body);
  return JSON.stringify({ ...JSON.parse(body), contactIds: contactIds.slice(0, Math.ceil(contactIds.length / 2)) });
}
