import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../functions/io/clock.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { leaseIn, maiAgentBoundary, tableBoundary, type TableInput } from '../crash/boundary.ts';
import type { World } from '../crash/gauntlet.ts';
import { Invocation, TableUnreachable, type Watch } from '../crash/invocation.ts';
import { crashSettings } from '../crash/jobs.ts';
import { TABLE_MS_MAX } from './crossing.ts';
import { cancelled } from '../world/database/memory-database.ts';
import { SimulatedCaller } from './simulated-caller.ts';
import type { Stage } from './stage.ts';
import { fateOfLinks } from './troubles.ts';

const { leaseMs, sendBudgetMs } = crashSettings;
const habits = { fate: fateOfLinks, holdMs: leaseMs, lateMs: leaseMs - sendBudgetMs };

/** One invocation of a job for links in a simulation: each of its calls waits for its turn, and may meet trouble there. */
export class SimulatedInvocation extends Invocation {
  readonly #stage: Stage;
  readonly #watch: Watch;
  readonly #caller: SimulatedCaller;
  /** When it last saw or wrote the table, by the wall clock. */
  lastSawTableAtMs = 0;

  /** `keys` are what its random numbers follow from. */
  constructor(name: string, keys: readonly number[], stage: Stage, watch: Watch) {
    // The gauntlet is the crash tests' way to trouble; here there is another one.
    super(undefined, {} as World, watch);
    this.#stage = stage;
    this.#watch = watch;
    this.#caller = new SimulatedCaller(name, keys, stage, habits);
  }

  get name(): string {
    return this.#caller.name;
  }

  get clock(): Clock {
    return this.#caller.clock;
  }

  /** Resolves when it is killed. */
  get death(): Promise<void> {
    return this.#caller.death;
  }

  override table(client: DynamoDBClient): DynamoDBClient {
    return { send: (command: object) => this.#tableCall(command, client) } as unknown as DynamoDBClient;
  }

  override sender(send: HttpSend): HttpSend {
    return super.sender((request) => {
      // As the real sender does it: nothing goes out whose time is over.
      if (request.timeoutMs <= 0) return Promise.resolve({ kind: 'not-sent' });
      const crossing = this.#caller.crossing(maiAgentBoundary(request));
      return crossing.toMaiAgent({ effect: () => send(request), timeoutMs: request.timeoutMs });
    });
  }

  #tableCall(command: object, client: DynamoDBClient): Promise<unknown> {
    const input = (command as { input: TableInput }).input;
    const boundary = tableBoundary(command.constructor.name, input);
    const sent = this.#caller.asSent(command, boundary);
    const write = (): Promise<unknown> => client.send(sent as Parameters<DynamoDBClient['send']>[0]);
    const effect = async (): Promise<unknown> => {
      try {
        const output = await write();
        const owner = leaseIn(input);
        if (owner !== undefined) {
          this.lease = owner;
          this.foundNone.clear();
        }
        return output;
      } finally {
        this.lastSawTableAt = this.#watch.step();
        this.lastSawTableAtMs = this.#stage.time.now();
      }
    };
    const conflict = () => cancelled([{ Code: 'TransactionConflict' }, { Code: 'None' }]);
    const unreachable = () => new TableUnreachable('the table could not be reached');
    return this.#caller.crossing(boundary).toTable(effect, { write, unreachable, conflict, timeoutMs: TABLE_MS_MAX });
  }
}
