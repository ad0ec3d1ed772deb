import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { HttpSend } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { leaseIn, maiAgentBoundary, tableBoundary, type TableInput } from './boundary.ts';
import type { Call, Gauntlet, World } from './gauntlet.ts';

/** What an invocation is watched by. Steps count the I/O of the whole case. */
export interface Watch {
  step(): number;
  /** Called before a create goes out. */
  beforeCreate(sourceId: string, by: Invocation): Promise<void>;
}

/** Thrown into a caller whose call to the table failed for good. */
export class TableUnreachable extends Error {
  override name = 'TableUnreachable';
}

/** How long the SDK tries in all before it gives up (`functions/io/aws/clients.ts`), about. */
const TABLE_MS_MAX = 9_000;

/** One invocation of a job: everything that it does at the table and at MaiAgent goes through here. */
export class Invocation {
  /** The lease that it wrote last, and for which `sourceId`s MaiAgent has said since that nobody has them. */
  lease: string | undefined;
  readonly foundNone = new Set<string>();
  /** The step at which it last saw or wrote the table. */
  lastSawTableAt = 0;
  readonly #gauntlet: Gauntlet | undefined;
  readonly #world: World;
  readonly #watch: Watch;

  constructor(gauntlet: Gauntlet | undefined, world: World, watch: Watch) {
    this.#gauntlet = gauntlet;
    this.#world = world;
    this.#watch = watch;
  }

  /** The client as this invocation has it. Its middleware sits inside the SDK's own retries, and repeats the signed bytes. */
  table(client: DynamoDBClient): DynamoDBClient {
    const send = (command: Parameters<DynamoDBClient['send']>[0]) => {
      command.middlewareStack.add(
        (next, { commandName }) =>
          (args) =>
            this.#tableCall(String(commandName), args.input as TableInput, () => next(args)),
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
      const boundary = maiAgentBoundary(request);
      const effect = async (): Promise<Transport> => {
        const transport = await send(request);
        this.#watch.step();
        if (boundary === 'maiagent:search') this.#noteSearch(request.url.searchParams.get('query') ?? '', transport);
        return transport;
      };
      const sourceIdOf = (body: string | undefined) => (JSON.parse(body ?? '{}') as { sourceId: string }).sourceId;
      const cross = () =>
        this.#cross<Transport>(boundary, {
          party: 'maiagent',
          effect,
          fail: () => ({ kind: 'not-sent' }),
          lost: () => ({ kind: 'reply-lost' }),
          timeoutMs: request.timeoutMs,
        });
      return boundary === 'maiagent:create'
        ? this.#watch.beforeCreate(sourceIdOf(request.body), this).then(cross)
        : cross();
    };
  }

  #tableCall<Output>(command: string, input: TableInput, next: () => Promise<Output>): Promise<Output> {
    const effect = async (): Promise<Output> => {
      try {
        const output = await next();
        const owner = leaseIn(input);
        if (owner !== undefined) {
          this.lease = owner;
          this.foundNone.clear();
        }
        return output;
      } finally {
        this.lastSawTableAt = this.#watch.step();
      }
    };
    const fail = (): never => {
      throw new TableUnreachable('the table could not be reached');
    };
    return this.#cross(tableBoundary(command, input), {
      party: 'table',
      effect,
      fail,
      lost: fail,
      timeoutMs: TABLE_MS_MAX,
    });
  }

  #cross<Answer>(boundary: string, call: Call<Answer>): Promise<Answer> {
    return this.#gauntlet ? this.#gauntlet.cross(boundary, call, this.#world) : call.effect();
  }

  #noteSearch(sourceId: string, transport: Transport): void {
    if (transport.kind !== 'reply' || transport.status !== 200) return;
    const page = JSON.parse(transport.body) as { count: number; next: unknown; results: { sourceId: unknown }[] };
    const isWhole = page.next === null && page.count === page.results.length;
    if (isWhole && page.results.every((one) => one.sourceId !== sourceId)) this.foundNone.add(sourceId);
  }
}
