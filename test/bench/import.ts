import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { importUsers, type Import } from '../../functions/changes/import-users.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { systemClock } from '../../functions/io/clock.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { begin, carryOut, plan, type Report } from '../../local/bulk/import.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import { dynamoDbClient } from '../../local/data/dynamodb-client.ts';
import { startDynamoDb } from '../../local/data/dynamodb.ts';
import { sampleSources } from '../rigs/change-rig.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { linksSchema } from '../rigs/table-schemas.ts';
import { clientOf, computedBy, metered, timed } from './reevaluate.ts';

/** Of a million units, in USD (AWS, "DynamoDB pricing for on-demand capacity", us-east-1). */
const readCost = 0.125;
const writeCost = 0.625;

/** Imports a file of so many users as the command does, the command and its function in one process, and again; and says what it cost. */
export async function benchImport(rows: number, say: (text: string) => void): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'contact-bridge-bench-'));
  const engine = await startDynamoDb({ engine: 'embedded', dataDir: folder });
  try {
    const client = clientOf(engine.endpoint);
    await client.send(new CreateTableCommand(linksSchema));
    const file = path.join(folder, 'users.csv');
    await pipeline(Readable.from(linesOf(rows)), createWriteStream(file));
    const meter = metered(client);
    const deps = {
      settings: { ...sampleSettings, sources: sampleSources },
      links: new DynamoLinkTable(client, 'Links', systemClock),
      clock: systemClock,
      log: jsonLog('bench', () => undefined),
    };
    const deployment: Partial<Deployment> = {
      callUserChanged: async (event) => ({
        kind: 'answered',
        payload: await importUsers(event as unknown as Import, deps),
      }),
      sources: async () => ({ names: sampleSources.map(({ name }) => name), where: 'the bench' }),
      links: async () => ({ client: dynamoDbClient(engine.endpoint), tableName: 'Links', where: 'the bench' }),
    };
    const over = deployment as Deployment;
    const wish = { path: file, source: 'generic', asOf: '2026-02-01T00:00:00Z' };
    const step = async <Value>(name: string, work: () => Promise<Value>): Promise<Value> => {
      const [cpu, engineBefore] = [process.cpuUsage(), computedBy(engine.pid)];
      const [seconds, value] = await timed(work);
      const { user, system } = process.cpuUsage(cpu);
      const { readUnits, writeUnits } = meter.take();
      const cost = (readUnits * readCost + writeUnits * writeCost) / 1e6;
      say(
        `${name}: ${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} rows a second; ${((user + system) / 1e6).toFixed(1)} s of computing, and ${(computedBy(engine.pid) - engineBefore).toFixed(1)} s by the engine; ${readUnits} read units, ${writeUnits} write units, ${cost.toFixed(2)} USD; ${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most so far`,
      );
      return value;
    };
    const begun = await step('read', () => begin(wish, over));
    const { report, work } = await step('compared', () => plan(wish, over, begun));
    expectCreated(report, rows);
    expectCreated(await step('imported', () => carryOut(wish, over, work)), rows);
    const again = await step('compared again', () => plan(wish, over, begun));
    if (again.report.unchanged !== rows) throw new Error(`${again.report.unchanged} of ${rows} are unchanged`);
    client.destroy();
  } finally {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function expectCreated({ created }: Report, rows: number): void {
  if (created !== rows) throw new Error(`${created} of ${rows} were created`);
}

function* linesOf(rows: number): Generator<string> {
  yield 'userId,name,email,roles\n';
  for (let row = 0; row < rows; row += 1) yield `person-${row},Sample Member ${row},member-${row}@corp.example,staff\n`;
}
