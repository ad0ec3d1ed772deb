import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { canonical, type Item } from '../expression/attribute-value.ts';
import type { MemoryDatabase } from './memory-database.ts';

/** What a caller can see of one call to the database, as one text. */
type Seen = string;

/**
 * A client that makes every call at a real engine and at the memory's, and notes where the caller would see a difference. Of a
 * refused call it answers what the real engine said.
 */
export class BothEngines {
  readonly differences: string[] = [];
  /** How many calls were compared, by what came of them: `UpdateItemCommand ConditionalCheckFailedException`. */
  readonly counts = new Map<string, number>();
  readonly #real: DynamoDBClient;
  readonly #memory: MemoryDatabase;

  constructor(real: DynamoDBClient, memory: MemoryDatabase) {
    this.#real = real;
    this.#memory = memory;
  }

  get client(): DynamoDBClient {
    return { send: (command: object) => this.#send(command) } as unknown as DynamoDBClient;
  }

  get calls(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  async #send(command: object): Promise<unknown> {
    // No engine says in which order it scans, nor where a page ends.
    if (command instanceof ScanCommand) return this.#real.send(command);
    const mine = await settled(this.#memory.send(command));
    const theirs = await settled(this.#real.send(command as Parameters<DynamoDBClient['send']>[0]));
    const name = `${command.constructor.name} ${theirs.failure ?? 'done'}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    if (mine.seen !== theirs.seen) {
      const input = JSON.stringify((command as { input: unknown }).input);
      this.differences.push(`${command.constructor.name} ${input}\n  memory: ${mine.seen}\n  engine: ${theirs.seen}`);
    }
    if (theirs.failure !== undefined) throw theirs.answer;
    return theirs.answer;
  }
}

async function settled(call: Promise<unknown>): Promise<{ answer: unknown; failure: string | undefined; seen: Seen }> {
  try {
    const answer = await call;
    const { Item, Attributes, Items, Responses } = answer as {
      Item?: Item;
      Attributes?: Item;
      Items?: Item[];
      Responses?: Record<string, Item[]>;
    };
    // A batch is read in no order.
    const batch = Object.values(Responses ?? {})
      .flat()
      .map(text)
      .toSorted();
    const seen = [...[Item, Attributes, ...(Items ?? [])].map(text), ...batch].join(' ');
    return { answer, failure: undefined, seen };
  } catch (error) {
    const {
      name,
      Item,
      CancellationReasons = [],
    } = error as {
      name: string;
      Item?: Item;
      CancellationReasons?: { Code?: string; Item?: Item }[];
    };
    const reasons = CancellationReasons.map((reason) => `${reason.Code} ${text(reason.Item)}`);
    // The memory throws its own errors for a call that is no good, the engine the one that AWS has for that.
    const failure = name === 'Error' ? 'ValidationException' : name;
    return { answer: error, failure, seen: [failure, text(Item), ...reasons].join(' ') };
  }
}

const text = (item: Item | undefined): string => (item === undefined ? '-' : canonical({ M: item }));
