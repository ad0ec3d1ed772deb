import { REQUESTS_OF_A_CONTACT, syncIntervalMs, type Settings } from '../env.ts';
import { kindOf, logApart } from '../io/log.ts';
import { Health, type Sign } from '../io/maiagent/health.ts';
import type { Pause } from '../io/maiagent/pause.ts';
import type { Deps, Reconciled } from './outcome.ts';
import { syncLink } from './sync-link.ts';

/** How many links are served at a time, so that a contact for which MaiAgent answers slowly delays no other link. */
const PARALLEL_LINKS = 8;

/**
 * Serves links, several at a time, until none is left, the time is up, or MaiAgent is down. Links that fail do not end the round: only
 * when MaiAgent does not answer a read either, the others stay due without having failed. The failure of one link delays no other.
 */
export async function serveLinks(
  pks: AsyncIterable<string>,
  until: number,
  settings: Settings,
  deps: Deps & { readonly pause: Pause },
): Promise<void> {
  const { clock, log, pause } = deps;
  if (!(await pause.mayBegin())) return;
  const links = pks[Symbol.asyncIterator]();
  const shared = { [Symbol.asyncIterator]: () => ({ next: () => links.next() }) };
  const health = new Health(pause);
  const serve = async (pk: string): Promise<void> => {
    try {
      const done = await syncLink(pk, settings, deps);
      if (done && done.kind !== 'conflict') log.count(isSynced(done) ? 'Synced' : 'SyncFailed');
      // What it asks of MaiAgent as a whole is about nobody.
      await logApart(() => health.note(done ? signOf(done) : 'nothing'));
    } catch (error) {
      log.error('link-failed', { kind: kindOf(error) });
    }
  };
  const worker = async (): Promise<void> => {
    for await (const pk of shared) {
      if (clock.elapsed() > until || health.isDown) return;
      await logApart(() => serve(pk));
    }
  };
  // No more than come to their turns at this pace: whoever waits for a place until the lease is over would fail by that alone.
  const places = Math.floor(settings.sendBudgetMs / (REQUESTS_OF_A_CONTACT * syncIntervalMs(settings)));
  await Promise.all(Array.from({ length: Math.min(PARALLEL_LINKS, Math.max(1, places)) }, worker));
}

const isSynced = ({ kind }: Reconciled): boolean => kind === 'created' || kind === 'updated';

/** A refusal of one contact says nothing about MaiAgent as a whole. */
function signOf(done: Reconciled): Sign {
  if (done.kind !== 'failed') return isSynced(done) ? 'well' : 'nothing';
  const { code } = done.outage;
  if (code === 'maiagent_busy') return 'busy';
  return code === 'contact_conflict' || code === 'maiagent_refused_contact' ? 'nothing' : 'failed';
}
