import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { expect, it } from 'vitest';
import { serveLinks } from '../../functions/contacts/serve-links.ts';
import { policyOf, syncIntervalMs } from '../../functions/env.ts';
import { recordChange } from '../../functions/contacts/record-change.ts';
import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { paced } from '../../functions/io/maiagent/pace.ts';
import { SharedPause } from '../../functions/io/maiagent/pause.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { inboxId } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { linksSchema } from '../rigs/table-schemas.ts';
import { sampleFields } from '../rules/contacts/sample-changes.ts';
import { MemoryDatabase } from '../world/database/memory-database.ts';
import { maiAgentInMemory } from '../world/maiagent.ts';
import { VirtualTime } from '../world/virtual-time.ts';

const USERS = 20;

/** The contacts that one sweep makes at this pace, the links that failed in it, and the pauses that it asked of everybody. */
async function sweepAt(maiAgentLimits: { concurrency: number; requestsPerSecond: number }) {
  const settings = { ...sampleSettings, sendBudgetMs: 15_000, maiAgentLimits };
  const time = new VirtualTime();
  const { client, ...database } = await tableOf();
  const maiAgent = maiAgentInMemory(time, {});
  const send: HttpSend = async (request) => {
    await time.sleep(100);
    return maiAgent.send(request);
  };
  const lines: string[] = [];
  const log = jsonLog('sync', (line) => void lines.push(line));
  const key = cachedSecret(() => Promise.resolve('sampleKey'), time.now);
  const place = { origin: maiAgent.origin, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  const over = (way: HttpSend) => new HttpContactApi(place, key, way, time);
  const links = new DynamoLinkTable(client, 'Links', time);
  const pause = new SharedPause(client, 'Links', over(send), time, log);
  const contacts = over(paced(send, syncIntervalMs(settings), time).send);
  await time.run(
    (async () => {
      for (let index = 0; index < USERS; index += 1) {
        const change = {
          source: 'api',
          kind: 'update',
          version: timeVersion(1),
          told: sampleFields('Sample'),
        } as const;
        const subject = { kind: 'user', userId: `person-${index}-of-many` } as const;
        await recordChange(subject, () => change, policyOf(settings), links);
      }
      const due = new DynamoDueLinks(client, 'Links').due(time.now());
      const deps = { links, contacts, clock: time, log, random: () => 0.5, pause };
      await serveLinks(due, time.elapsed() + 40_000, settings, deps);
    })(),
  );
  const failed = database.links().filter(({ attempts }) => attempts !== undefined).length;
  const paused = lines.filter((line) => line.includes('maiagent-paused')).length;
  return { made: maiAgent.store.liveContacts.length, failed, paused };
}

async function tableOf() {
  const database = new MemoryDatabase(() => undefined);
  await database.send(new CreateTableCommand(linksSchema));
  const links = () => database.rows('Links').flatMap((row) => (row['sourceId'] ? [unmarshall(row)] : []));
  return { client: database.client, links };
}

it('a sweep makes as many contacts as its pace lets through, fails none for that, and blames MaiAgent for nothing', async () => {
  expect(await sweepAt({ concurrency: 2, requestsPerSecond: 5 })).toEqual({ made: USERS, failed: 0, paused: 0 });
  // Two requests for a contact, one in two seconds, and in four, for forty.
  expect(await sweepAt({ concurrency: 2, requestsPerSecond: 1 })).toEqual({ made: 12, failed: 0, paused: 0 });
  expect(await sweepAt({ concurrency: 10, requestsPerSecond: 2.5 })).toEqual({ made: 6, failed: 0, paused: 0 });
});
