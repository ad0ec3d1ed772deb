import { policyOf, type Settings } from '../../functions/env.ts';
import { recordChange } from '../../functions/contacts/record-change.ts';
import { DynamoErasures } from '../../functions/io/aws/erasures.ts';
import { DynamoQuarantine } from '../../functions/io/aws/quarantine.ts';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { DynamoDueLinks } from '../../functions/io/aws/due-links.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { SharedPause } from '../../functions/io/maiagent/pause.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import type { Subject } from '../../functions/rules/contacts/subject.ts';
import { SECOND_PASS_AFTER_MS } from '../../functions/rules/evaluation.ts';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
import { sync, type SyncEvent } from '../../functions/sync.ts';
import type { Mortal } from './mortal.ts';
import { QuickBridge } from './quick-bridge.ts';
import { inboxId } from './real-parts.ts';

/** The job `sync` of one deployment over a quick bridge: its settings, and a fresh process each time. */
export class QuickSync {
  readonly bridge: QuickBridge;
  readonly settings: Settings;

  constructor(bridge: QuickBridge, settings: Partial<Settings>) {
    this.bridge = bridge;
    this.settings = { ...bridge.settings, ...settings };
  }

  /** A process of the job, which remembers which segments are finished. */
  process(
    ways: Pick<Mortal, 'client' | 'send'> = { client: this.bridge.database.client, send: this.bridge.maiAgent.send },
  ) {
    const { clock, lines } = this.bridge;
    const log = jsonLog('sync', (line) => void lines.push(line));
    const key = cachedSecret(() => Promise.resolve('sampleKey'), clock.now);
    const maiAgent = { origin: this.bridge.maiAgent.origin, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
    const contacts = new HttpContactApi(maiAgent, key, ways.send, clock);
    const finished = new Set<number>();
    const job = sync({
      settings: this.settings,
      clock,
      log,
      random: () => 0.5,
      links: new DynamoLinkTable(ways.client, 'Links', clock),
      outstanding: new DynamoDueLinks(ways.client, 'Links'),
      evaluations: new DynamoEvaluations(ways.client, 'Links'),
      erasures: new DynamoErasures(ways.client, 'Links'),
      quarantine: new DynamoQuarantine(ways.client, 'Links', clock),
      broadcasts: new DynamoBroadcastTable(ways.client, 'Broadcasts', 'Links'),
      finished,
      contacts,
      pause: new SharedPause(ways.client, 'Links', contacts, clock, log),
    });
    return { finished, sweep: () => job({ sweep: true } satisfies SyncEvent) };
  }

  /** Takes a change as an accepted event does. */
  async take(subject: Subject, change: Change | undefined): Promise<void> {
    const links = new DynamoLinkTable(this.bridge.database.client, 'Links', this.bridge.clock);
    await recordChange(subject, change && (() => change), policyOf(this.settings), links);
  }

  /** Sweeps, in one process, until every segment is gone through twice and nothing is due. */
  async settle(ways?: Pick<Mortal, 'client' | 'send'>): Promise<void> {
    const { finished, sweep } = this.process(ways);
    for (let sweeps = 0; sweeps < 40; sweeps += 1) {
      await sweep();
      if (finished.size === 8 && !this.bridge.links.some(isOutstanding)) return;
      this.bridge.clock.advance(SECOND_PASS_AFTER_MS);
    }
    throw new Error('something is still owed after forty sweeps');
  }
}
