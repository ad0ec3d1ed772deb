import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { reevaluate } from '../../functions/contacts/reevaluate.ts';
import { systemClock } from '../../functions/io/clock.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { draft, type Link } from '../../functions/rules/contacts/link.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { SECOND_PASS_AFTER_MS, SEGMENTS } from '../../functions/rules/evaluation.ts';
import { startTable } from '../rigs/real-parts.ts';
import { wholeUser } from '../rules/contacts/sample-changes.ts';
import { rowOf, samplePolicy } from '../rules/contacts/sample-links.ts';

/** What AWS takes in one call (AWS, "BatchWriteItem"). */
const BATCH = 25;
const PARALLEL = 8;

/** Evaluates so many links again whose contacts stay as they are, both passes, and says what it cost. */
export async function benchReevaluate(links: number, say: (text: string) => void): Promise<void> {
  const started = await startTable();
  const { client } = started;
  try {
    const [seconds, bytes] = await timed(() => fill(links));
    say(`${links} links of ${Math.round(bytes / links)} bytes each were written in ${seconds.toFixed(1)} s`);
    let [now, pages, readUnits, read] = [systemClock.now(), 0, 0, 0];
    const clock = { ...systemClock, now: () => now };
    const table = new DynamoEvaluations(client, 'Links');
    const evaluations = Object.assign(table, {
      page: counted(table.page.bind(table)),
    });
    const finished = new Set<number>();
    const policy = { ...samplePolicy, deployment: 2 };
    for (const pass of [1, 2]) {
      [pages, readUnits, read] = [0, 0, 0];
      const before = process.cpuUsage();
      const deps = { links: new DynamoLinkTable(client, 'Links', clock), evaluations, finished, clock };
      const [passSeconds] = await timed(() =>
        reevaluate(Infinity, policy, {
          ...deps,
          log: jsonLog('bench', () => undefined),
          random: Math.random,
          contacts: undefined as never,
        }),
      );
      const { user, system } = process.cpuUsage(before);
      say(
        `pass ${pass}: ${read} links in ${pages} pages, ${passSeconds.toFixed(1)} s of one function (${((user + system) / 1e6).toFixed(1)} s of CPU), ${readUnits} read units`,
      );
      now += SECOND_PASS_AFTER_MS;
    }
    if (finished.size !== SEGMENTS) throw new Error(`only ${finished.size} of ${SEGMENTS} segments are finished`);

    function counted(page: DynamoEvaluations['page']): DynamoEvaluations['page'] {
      return async (...of) => {
        const one = await page(...of);
        [pages, readUnits, read] = [pages + 1, readUnits + one.readUnits, read + one.links.length];
        return one;
      };
    }
  } finally {
    await started.close();
  }

  /** Gives the bytes of all rows. */
  async function fill(count: number): Promise<number> {
    let [next, bytes] = [0, 0];
    const worker = async (): Promise<void> => {
      while (next < count) {
        const from = next;
        next += BATCH;
        const rows = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => rowAt(from + index));
        const Links = rows.map((row) => ({ PutRequest: { Item: marshall(row, { removeUndefinedValues: true }) } }));
        bytes += Buffer.byteLength(JSON.stringify(rows));
        await client.send(new BatchWriteItemCommand({ RequestItems: { Links } }));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    return bytes;
  }
}

/** A link in sync, with a name, an address and a role. */
function rowAt(index: number): Link {
  const userId = `person-${index}`;
  const told = wholeUser({ name: `Sample Member ${index}`, email: `member-${index}@corp.example`, roles: ['staff'] });
  const next = draft(
    { kind: 'user', userId },
    undefined,
    { source: 'api', kind: 'update', version: timeVersion(1), told },
    samplePolicy,
  );
  const { hash, permissions } = next.desired;
  return {
    ...rowOf(next),
    pk: `user#${userId}`,
    contactId: userId,
    confirmedHash: hash,
    confirmedPermissions: permissions,
  };
}

async function timed<Value>(work: () => Promise<Value>): Promise<[seconds: number, value: Value]> {
  const startedAt = performance.now();
  const value = await work();
  return [(performance.now() - startedAt) / 1000, value];
}
