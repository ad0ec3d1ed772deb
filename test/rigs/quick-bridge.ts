import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { contactFor, type Answer } from '../../functions/contacts/contact-for.ts';
import type { Deps } from '../../functions/contacts/outcome.ts';
import type { Settings } from '../../functions/env.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import type { Clock } from '../../functions/io/clock.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import { sampleFields } from '../rules/contacts/sample-changes.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import type { Switches } from '../../local/emulator/state/switches.ts';
import { MemoryDatabase, type RowChange } from '../world/database/memory-database.ts';
import { maiAgentInMemory, type MaiAgentHere } from '../world/maiagent.ts';
import { inboxId } from './real-parts.ts';
import { sampleSettings } from './sample-settings.ts';
import { broadcastsSchema, linksSchema } from './table-schemas.ts';

/** Time that passes by sleeping alone, for everybody at once. */
export class QuickClock implements Clock {
  #passedMs = 0;
  now = (): number => 1_780_000_000_000 + this.#passedMs;
  elapsed = (): number => this.#passedMs;
  sleep = async (ms: number): Promise<void> => {
    this.#passedMs += ms;
  };
  advance(ms: number): void {
    this.#passedMs += ms;
  }
}

/** The jobs in one process, over a table in memory and the emulator's handlers: no socket and no waiting, for tests of many thousands. */
export class QuickBridge {
  readonly clock = new QuickClock();
  readonly lines: string[] = [];
  readonly settings: Settings;
  readonly maiAgent: MaiAgentHere;
  readonly database: MemoryDatabase;

  constructor(
    switches: Partial<Switches> = {},
    settings: Partial<Settings> = {},
    changed: (change: RowChange) => void = () => undefined,
  ) {
    this.settings = { ...sampleSettings, sendBudgetMs: 15_000, ...settings };
    this.maiAgent = maiAgentInMemory(this.clock, switches);
    this.database = new MemoryDatabase(changed);
  }

  async start(): Promise<this> {
    for (const schema of [linksSchema, broadcastsSchema]) await this.database.send(new CreateTableCommand(schema));
    return this;
  }

  /** What a reconciliation works with; every request goes through `send`. */
  deps(send: HttpSend = this.maiAgent.send): Deps {
    const maiAgent = { origin: this.maiAgent.origin, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    return {
      links: new DynamoLinkTable(this.database.client, 'Links', this.clock),
      contacts: new HttpContactApi(maiAgent, apiKey, send, this.clock),
      clock: this.clock,
      log: jsonLog('quick', (line) => void this.lines.push(line)),
      random: () => 0.5,
    };
  }

  /** A sign-in of this user; what is refused or unavailable is answered by its code. */
  async identify(userId: string, version = 1): Promise<Answer | { readonly code: string }> {
    try {
      const change = updateOf(userId, version);
      return await contactFor({ kind: 'user', userId }, () => change, this.settings, this.deps());
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined) throw error;
      return { code };
    }
  }

  get links(): Link[] {
    return this.database
      .rows('Links')
      .filter(({ pk }) => /^(user|visitor)#/.test(pk?.S ?? ''))
      .map((row) => unmarshall(row) as Link);
  }
}

const apiKey = cachedSecret(
  () => Promise.resolve('sampleKey'),
  () => 0,
);

const updateOf = (userId: string, version: number): Change => ({
  source: 'api',
  kind: 'update',
  version: timeVersion(version),
  told: sampleFields(`${userId} ${version}`),
});
