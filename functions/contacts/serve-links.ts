import type { ContactSettings } from '../env.ts';
import { kindOf } from '../io/log.ts';
import type { Deps, Reconciled } from './outcome.ts';
import { syncLink } from './sync-link.ts';

/** How many links are served at a time, so that a contact for which MaiAgent answers slowly delays no other link. */
const PARALLEL_LINKS = 8;
/** After this many failures in a row a read decides whether MaiAgent is down. The number doubles each time it is not. */
const FAILURES_BEFORE_PROBE = 3;
const PROBE_MS_MAX = 5_000;

/**
 * Serves links, several at a time, until none is left, the time is up, or MaiAgent is down. Links that fail do not end the round: only
 * when MaiAgent does not answer a read either, the others stay due without having failed. The failure of one link delays no other.
 */
export async function serveLinks(
  pks: AsyncIterable<string>,
  until: number,
  contactSettings: ContactSettings,
  deps: Deps,
): Promise<void> {
  const { clock, log } = deps;
  const links = pks[Symbol.asyncIterator]();
  const shared = { [Symbol.asyncIterator]: () => ({ next: () => links.next() }) };
  const health = { failures: 0, probeAt: FAILURES_BEFORE_PROBE, isDown: false };
  const probe = async (): Promise<void> => {
    health.failures = 0;
    health.probeAt *= 2;
    if (!(await isMaiAgentUp(deps))) health.isDown = true;
  };
  const worker = async (): Promise<void> => {
    for await (const pk of shared) {
      if (clock.elapsed() > until || health.isDown) return;
      try {
        const done = await syncLink(pk, contactSettings, deps);
        if (done && done.kind !== 'conflict') log.count(isSynced(done) ? 'Synced' : 'SyncFailed');
        if (done && isSynced(done)) health.failures = 0;
        else if (mayBeOutage(done)) health.failures += 1;
      } catch (error) {
        log.error('link-failed', { kind: kindOf(error) });
      }
      if (health.failures >= health.probeAt) await probe();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_LINKS }, worker));
}

const isSynced = ({ kind }: Reconciled): boolean => kind === 'created' || kind === 'updated';

/** True if the failure may be MaiAgent's as a whole. A refusal of one contact says nothing about the others. */
const mayBeOutage = (done: Reconciled | undefined): boolean =>
  done?.kind === 'failed' && done.outage.code !== 'contact_conflict' && done.outage.code !== 'maiagent_refused_contact';

/** Asks MaiAgent for a page of contacts, a read without effect. A 429 or a refused key counts as down: then nobody's work can be done. */
async function isMaiAgentUp({ contacts, clock }: Deps): Promise<boolean> {
  return (await contacts.list(undefined, clock.elapsed() + PROBE_MS_MAX)).kind === 'done';
}
