import { randomUUID } from 'node:crypto';
import { TransactWriteItemsCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../functions/io/clock.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { leaseIn, maiAgentBoundary, tableBoundary, type TableInput } from '../crash/boundary.ts';
import type { World } from '../crash/gauntlet.ts';
import { Invocation, TableUnreachable, type Watch } from '../crash/invocation.ts';
import { Crossing } from './crossing.ts';
import { cancelled } from './database/memory-database.ts';
import { randomOf } from './random.ts';
import type { Stage } from './stage.ts';
import { drawLatency, drawTrouble, troubleRates } from './troubles.ts';

/** How long the SDK tries in all before it gives up (`functions/io/aws.ts`), about. */
const TABLE_MS_MAX = 9_000;

/** One invocation of a job in a simulation: each of its calls waits for its turn, and may meet trouble there. */
export class SimulatedInvocation extends Invocation {
  readonly name: string;
  readonly #stage: Stage;
  readonly #watch: Watch;
  readonly #keys: readonly number[];
  readonly #rate: number;
  /** When it last saw or wrote the table, by the wall clock. */
  lastSawTableAtMs = 0;
  #calls = 0;
  #isDead = false;
  #frozenUntil = 0;
  #die = (): void => undefined;
  /** Resolves when it is killed. */
  readonly death: Promise<void> = new Promise((resolve) => {
    this.#die = resolve;
  });

  /** `keys` are what its random numbers follow from. */
  constructor(name: string, keys: readonly number[], stage: Stage, watch: Watch) {
    // The gauntlet is the crash tests' way to trouble; here there is another one.
    super(undefined, {} as World, watch);
    this.name = name;
    this.#stage = stage;
    this.#watch = watch;
    this.#keys = [stage.story.seed, ...keys];
    this.#rate = randomOf(...this.#keys).one(troubleRates);
  }

  /** Time as this invocation has it: who is dead or frozen does not wake up from a sleep. */
  get clock(): Clock {
    const { time } = this.#stage;
    const sleep = async (ms: number): Promise<void> => {
      await time.sleep(ms);
      await this.home();
    };
    return { now: time.now, elapsed: time.elapsed, sleep };
  }

  kill(): void {
    this.#isDead = true;
    this.#die();
  }

  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#stage.time.elapsed() + ms);
  }

  /** Comes back to the invocation's own code when it runs, and never when it is dead. */
  async home(): Promise<void> {
    const { time } = this.#stage;
    while (!this.#isDead && this.#frozenUntil > time.elapsed()) await time.sleep(this.#frozenUntil - time.elapsed());
    if (this.#isDead) await new Promise(() => {});
  }

  override table(client: DynamoDBClient): DynamoDBClient {
    return { send: (command: object) => this.#tableCall(command, client) } as unknown as DynamoDBClient;
  }

  override sender(send: HttpSend): HttpSend {
    return super.sender((request) => {
      // As the real sender does it: nothing goes out whose time is over.
      if (request.timeoutMs <= 0) return Promise.resolve({ kind: 'not-sent' });
      const boundary = maiAgentBoundary(request);
      const crossing = this.#crossing(boundary);
      return crossing.toMaiAgent(() => send(request), request.timeoutMs);
    });
  }

  #tableCall(command: object, client: DynamoDBClient): Promise<unknown> {
    const input = (command as { input: TableInput }).input;
    const boundary = tableBoundary(command.constructor.name, input);
    const sent = this.#asSent(command, boundary, input);
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
    return this.#crossing(boundary).toTable(effect, { write, unreachable, conflict, timeoutMs: TABLE_MS_MAX });
  }

  /** The bytes that go out: with the token that the SDK gives each transaction, and with what a test weakens on purpose. */
  #asSent(command: object, boundary: string, input: TableInput): object {
    const weaker = this.#stage.story.weakness?.(boundary, input) ?? input;
    if (command instanceof TransactWriteItemsCommand)
      return new TransactWriteItemsCommand({ ...command.input, ClientRequestToken: randomUUID() });
    if (weaker === input) return command;
    return new (command.constructor as new (input: TableInput) => object)(weaker);
  }

  #crossing(boundary: string): Crossing {
    const { story, isRough } = this.#stage;
    const place = `${this.name} call ${this.#calls}`;
    const random = randomOf(...this.#keys, this.#calls);
    this.#calls += 1;
    const there = drawLatency(random);
    const back = drawLatency(random);
    const drawn = drawTrouble(boundary, this.#rate, random);
    const trouble = isRough && !story.spared.has(place) ? drawn : undefined;
    return new Crossing(this.#stage, this, { boundary, place, there, back, trouble, random });
  }
}
