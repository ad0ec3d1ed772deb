import { reserveMsOf, type Settings } from '../../functions/env.ts';
import { sampleSources } from '../rigs/change-rig.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { storeSource } from './store.ts';

/** The settings of a deployment as it comes, but that every audit looks at every link. */
export const worldSettings: Settings = {
  ...sampleSettings,
  sources: [...sampleSources, storeSource],
  broadcasts: { concurrency: 2, requestsPerSecond: 5, callMs: 60_000, retentionDays: 400 },
  auditDays: 1 / 24,
  leaseMs: 90_000,
  sendBudgetMs: 15_000,
};
/** The settings of each deployment: every second one takes away what the rules before give to staff. */
export const settingsOf = (deployment: number): Settings => {
  const { none, rules } = worldSettings.permissions;
  const isStricter = deployment % 2 === 0;
  return { ...worldSettings, deployment, ...(isStricter && { permissions: { none, rules: rules.slice(1) } }) };
};
export const { leaseMs } = worldSettings;
const { callMs } = worldSettings.broadcasts;
/** For how long after it was sent a request about a contact may still act, before the lease of its sender may be over. */
export const protectedMs = leaseMs - worldSettings.sendBudgetMs;
/** How long a claim holds, how long a worker goes on, and how long its lease of a run is (`functions/broadcasts/work-run.ts`). */
export const claimMs = callMs + reserveMsOf(worldSettings);
export const workMs = 20_000;
export const turnMs = workMs + callMs + 10_000;
