import { HttpContactApi } from '../../functions/io/maiagent/http-contact-api.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import { paced } from '../../functions/io/maiagent/pace.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { sync, type SyncEvent } from '../../functions/sync.ts';
import { crashSettings } from '../crash/jobs.ts';
import { inboxId } from '../rigs/real-parts.ts';
import { simulatedOrigin } from './in-process-maiagent.ts';
import type { SimulatedInvocation } from './simulated-invocation.ts';
import type { Stage } from './stage.ts';

const maiAgent = { origin: simulatedOrigin, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
/** The deployment's rate is for a whole enterprise; here nobody should wait for it. */
const INTERVAL_MS = 1;
/** Every audit looks at every link. */
const settings = { ...crashSettings, auditDays: 1 / 24 };

/** The job `sync` over everybody's links: its sweeps serve whoever is due, its audits look at all. */
export function sweepingSync(invocation: SimulatedInvocation, stage: Stage): (event: SyncEvent) => Promise<unknown> {
  const { clock } = invocation;
  const client = invocation.table(stage.client);
  const pace = paced(invocation.sender(stage.send), INTERVAL_MS, clock);
  const key = cachedSecret(() => Promise.resolve('sampleKey'), clock.now);
  return sync({
    settings,
    clock,
    pace,
    random: () => 0.5,
    log: jsonLog('sync', (line) => void stage.lines.push(line)),
    links: new DynamoLinkTable(client, 'Links', clock),
    outstanding: new DynamoDueLinks(client, 'Links'),
    contacts: new HttpContactApi(maiAgent, key, pace.send, clock),
  });
}
