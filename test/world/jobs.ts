import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { broadcast, type BroadcastEvent } from '../../functions/broadcast.ts';
import { policyOf, reserveMsOf, speedOf } from '../../functions/env.ts';
import type { HttpHandler } from '../../functions/http.ts';
import { identify } from '../../functions/identify.ts';
import { DynamoAudienceLinks } from '../../functions/io/broadcasts/audience-links.ts';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { DynamoErasures } from '../../functions/io/aws/erasures.ts';
import { DynamoQuarantine } from '../../functions/io/aws/quarantine.ts';
import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { paced } from '../../functions/io/maiagent/pace.ts';
import { SharedPause } from '../../functions/io/maiagent/pause.ts';
import { visitorTokens, type VisitorTokens } from '../../functions/io/visitor-token.ts';
import { manage } from '../../functions/manage.ts';
import { sync, type SyncEvent } from '../../functions/sync.ts';
import type { JobName } from '../../infra/bundle.ts';
import { ChangeRig, webhookSecret } from '../rigs/change-rig.ts';
import { permitted } from '../rigs/permitted.ts';
import { inboxId, type RealDeps } from '../rigs/real-parts.ts';
import type { Invocation } from './invocation.ts';
import { settingsOf } from './settings.ts';
import { storeSecrets } from './store.ts';

const apiKey = cachedSecret(() => Promise.resolve('sampleKey'), Date.now);
const signing = cachedSecret(() => Promise.resolve('a sample signing secret of enough length'), Date.now);
/** The deployment's rate is for a whole enterprise; here nobody should wait for it. */
const INTERVAL_MS = 0;

/** What the jobs are made of, as one invocation has it. */
function depsOf(by: Invocation, job: JobName) {
  const { clock, world } = by;
  const client = permitted(job, by.client);
  return {
    settings: settingsOf(by.deployment),
    client,
    clock,
    random: () => 0.5,
    log: jsonLog(job, (line) => void world.lines.push(line)),
    links: new DynamoLinkTable(client, 'Links', clock),
    broadcasts: new DynamoBroadcastTable(client, 'Broadcasts', 'Links'),
    audience: new DynamoAudienceLinks(withShortPages(client, world.scanRows), 'Links'),
    contactsOver(send: HttpSend): HttpContactApi {
      const maiAgent = { origin: world.maiAgent.origin, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
      return new HttpContactApi(maiAgent, apiKey, send, clock);
    },
    pauseOver: (contacts: HttpContactApi) =>
      new SharedPause(
        client,
        'Links',
        contacts,
        clock,
        jsonLog(job, (line) => void world.lines.push(line)),
      ),
  };
}

/** DynamoDB ends a page of a scan at 1 MB, whatever its limit (AWS, "Scan"): these rows count as if they were as large as they may be. */
function withShortPages(client: DynamoDBClient, Limit: number | undefined): DynamoDBClient {
  if (Limit === undefined) return client;
  const send = (command: Parameters<DynamoDBClient['send']>[0]) =>
    command instanceof ScanCommand ? client.send(new ScanCommand({ ...command.input, Limit })) : client.send(command);
  return { send } as unknown as DynamoDBClient;
}

export function identifyJob(by: Invocation): HttpHandler {
  const deps = depsOf(by, 'identify');
  const real = visitorTokens(signing, by.clock);
  const { time } = by.world;
  // Node signs and verifies in threads of its own.
  const tokens: VisitorTokens = {
    newId: () => by.world.newVisitorId(),
    issue: (visitorId) => time.outside(real.issue(visitorId)),
    visitorOf: (token) => time.outside(real.visitorOf(token)),
    networkName: (network, period) => time.outside(real.networkName(network, period)),
  };
  const contacts = deps.contactsOver(by.send);
  return identify({ ...deps, contacts, tokens, loader: () => undefined });
}

/** The job `user-changed`, with somebody who signs its events. */
export function userChangedJob(by: Invocation): ChangeRig {
  const { client, clock, world } = by;
  const real = { table: { client }, clock, lines: world.lines, random: () => 0.5 } as unknown as RealDeps;
  const rig = new ChangeRig(real, settingsOf(by.deployment));
  rig.secrets = [webhookSecret(`secret ${world.secretNumber}`)];
  rig.otherSecrets = storeSecrets;
  return rig;
}

export function syncJob(by: Invocation): (event: SyncEvent) => Promise<unknown> {
  const deps = depsOf(by, 'sync');
  const pace = paced(by.send, INTERVAL_MS, by.clock);
  const outstanding = new DynamoDueLinks(deps.client, 'Links');
  const contacts = deps.contactsOver(pace.send);
  const evaluations = new DynamoEvaluations(deps.client, 'Links');
  const erasures = new DynamoErasures(deps.client, 'Links');
  const quarantine = new DynamoQuarantine(deps.client, 'Links', by.clock);
  const pause = deps.pauseOver(deps.contactsOver(by.send));
  const finished = new Set(by.world.finished);
  return sync({ ...deps, outstanding, erasures, quarantine, evaluations, finished, contacts, pause });
}

export function broadcastJob(by: Invocation): (event: BroadcastEvent) => Promise<unknown> {
  const deps = depsOf(by, 'broadcast');
  const pace = paced(by.send, INTERVAL_MS, by.clock);
  const { settings } = deps;
  const { callMs, retentionDays } = settings.broadcasts;
  const contacts = deps.contactsOver(pace.send);
  return broadcast({
    ...deps,
    pace,
    callMs,
    retentionDays,
    reserveMs: reserveMsOf(settings),
    witnesses: policyOf(settings).witnesses,
    speed: speedOf(settings),
    sender: deps.contactsOver(by.send),
    contacts,
    pause: deps.pauseOver(deps.contactsOver(by.send)),
    schedules: by.schedules,
  });
}

export function manageJob(by: Invocation): HttpHandler {
  const deps = depsOf(by, 'manage');
  const contacts = deps.contactsOver(by.send);
  return manage({ ...deps, contacts, description: '{}' });
}
