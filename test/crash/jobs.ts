import { identify } from '../../functions/identify.ts';
import type { HttpHandler } from '../../functions/http.ts';
import { HttpContactApi } from '../../functions/io/maiagent/http-contact-api.ts';
import type { Clock } from '../../functions/io/clock.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { DynamoDueLinks, type DueLinks } from '../../functions/io/aws/due-links.ts';
import { paced } from '../../functions/io/maiagent/pace.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { visitorTokens } from '../../functions/io/visitor-token.ts';
import type { Settings } from '../../functions/env.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { sync, type SyncEvent } from '../../functions/sync.ts';
import { sampleSources } from '../rigs/change-rig.ts';
import { inboxId, type RealDeps } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import type { Invocation } from './invocation.ts';

/** The settings of a deployment as it comes: its lease and its time to send are the production ones. */
export const crashSettings: Settings = {
  ...sampleSettings,
  sources: sampleSources,
  leaseMs: 90_000,
  sendBudgetMs: 15_000,
};

/** One links table and one MaiAgent for many cases, each with a user of its own. */
export interface Ground extends RealDeps {
  readonly send: HttpSend;
}

const apiKey = cachedSecret(() => Promise.resolve('sampleKey'), Date.now);
const signing = cachedSecret(() => Promise.resolve('a sample signing secret of enough length'), Date.now);

interface Around {
  readonly ground: Ground;
  readonly clock: Clock;
  readonly lines: string[];
}

/** What both jobs that talk to MaiAgent are made of, as one invocation has it. */
function partsOf(invocation: Invocation, { ground, clock, lines }: Around, name: string) {
  const client = invocation.table(ground.table.client);
  const maiAgent = { origin: ground.emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  const pace = paced(invocation.sender(ground.send), 1, clock);
  return {
    settings: crashSettings,
    clock,
    pace,
    client,
    random: () => 0.5,
    log: jsonLog(name, (line) => void lines.push(line)),
    links: new DynamoLinkTable(client, 'Links', clock),
    contacts: new HttpContactApi(maiAgent, apiKey, name === 'sync' ? pace.send : invocation.sender(ground.send), clock),
  };
}

/** The job `identify`. */
export function identifyJob(invocation: Invocation, around: Around): HttpHandler {
  const deps = partsOf(invocation, around, 'identify');
  return identify({ ...deps, tokens: visitorTokens(signing, around.clock), loader: Buffer.from('') });
}

/** The job `sync`, whose sweep and audit find nobody but the one link: the others belong to other cases. */
export function syncJob(invocation: Invocation, around: Around, pk: string): (event: SyncEvent) => Promise<unknown> {
  const deps = partsOf(invocation, around, 'sync');
  const all = new DynamoDueLinks(deps.client, 'Links');
  const outstanding: DueLinks = {
    due: (nowMs) => only(pk, all.due(nowMs)),
    oldestDueAt: (nowMs) => all.oldestDueAt(nowMs),
    quarantined: (max) => all.quarantined(max),
    share: () => alone(pk, deps.links),
  };
  return sync({ ...deps, outstanding });
}

async function* only(pk: string, all: AsyncIterable<string>): AsyncIterable<string> {
  for await (const one of all) if (one === pk) yield one;
}

async function* alone(pk: string, links: DynamoLinkTable): AsyncIterable<Link> {
  const link = await links.read(pk);
  if (link) yield link;
}
