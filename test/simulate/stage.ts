import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { HttpSend } from '../../functions/io/https.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import type { World } from '../../local/emulator/state/world.ts';
import type { Ground } from '../crash/jobs.ts';
import { isOf, type Witness } from '../crash/witness.ts';
import { sendInto, simulatedOrigin, simulatedWorld } from './in-process-maiagent.ts';
import { broadcastsSchema, linksSchema } from '../rigs/table-schemas.ts';
import { MemoryDatabase, type RowChange } from '../world/database/memory-database.ts';
import type { Story } from './story.ts';
import { VirtualTime } from './virtual-time.ts';

/** What happened, in the order in which it happened. */
export interface Happening {
  readonly atMs: number;
  /** The invocation, or the one who did it. */
  readonly who: string;
  readonly what: string;
  /** The name of the trouble's place, by which it can be taken out of the story. */
  readonly trouble?: string;
}

/** Everything that one simulation plays on: time, a database, a MaiAgent, and what happened there. */
export class Stage {
  readonly story: Story;
  readonly time = new VirtualTime();
  readonly world: World;
  readonly database: MemoryDatabase;
  readonly happenings: Happening[] = [];
  readonly lines: string[] = [];
  /** What was thrown out of a job, where nobody should have thrown. */
  readonly failures: string[] = [];
  /** Contacts that were named in a broadcast which MaiAgent refused, because of any of them. */
  readonly refused = new Set<string>();
  /** By user. */
  readonly witnesses = new Map<string, Witness>();
  /** False once the faults are over: then every call succeeds at once. */
  isRough = true;
  calls = 0;
  troubles = 0;
  /** Told of every change of a row. */
  changed: (change: RowChange) => void = () => undefined;

  private constructor(story: Story) {
    this.story = story;
    this.world = simulatedWorld(this.time, { uniqueness: story.uniqueness, ...story.switches });
    const indexLag = { now: this.time.now, ms: () => (this.isRough ? story.indexLagMs : 0) };
    this.database = new MemoryDatabase((change) => this.changed(change), indexLag);
  }

  static async build(story: Story): Promise<Stage> {
    const stage = new Stage(story);
    await stage.database.send(new CreateTableCommand(linksSchema));
    await stage.database.send(new CreateTableCommand(broadcastsSchema));
    return stage;
  }

  get client(): DynamoDBClient {
    return this.database.client;
  }

  get send(): HttpSend {
    return sendInto(this.world);
  }

  /** The stage as the crash tests' witness, verdict and jobs see it. */
  get ground(): Ground {
    const { client, database, world, time, lines, send } = this;
    const table = {
      client,
      calls: [],
      rows: async () => database.rows('Links').map((row) => unmarshall(row) as Link),
    };
    const emulator = { url: simulatedOrigin, store: world.store, switches: world.switches };
    return { table, emulator, clock: time, lines, send } as unknown as Ground;
  }

  /** The witness of the user whom a contact is for. */
  witnessOf(sourceId: string): Witness | undefined {
    return [...this.witnesses].find(([userId]) => isOf(userId, sourceId))?.[1];
  }

  /** Starts what nobody waits for. */
  start(run: Promise<unknown>, who: string): void {
    run.catch((error: unknown) => {
      this.note(who, `fails: ${String(error)}`);
      this.failures.push(String(error));
    });
  }

  note(who: string, what: string, trouble?: string): void {
    this.happenings.push({ atMs: this.time.elapsed(), who, what, ...(trouble !== undefined && { trouble }) });
  }
}
