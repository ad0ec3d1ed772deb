import type { Settings } from '../env.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import type { Clock } from '../io/clock.ts';
import type { VisitorTokens } from '../io/visitor-token.ts';
import { Refused } from '../rules/failure.ts';
import { clientNetworks } from '../rules/http/client-network.ts';

/** The budgets of an hour that this process saw spent: they stay spent, so nobody has to be asked again. */
export interface SpentBudgets {
  hour: string;
  readonly accounts: Set<string>;
}

interface NewVisitorDeps {
  readonly settings: Settings;
  readonly links: LinkTable;
  readonly tokens: VisitorTokens;
  readonly clock: Clock;
  readonly spent: SpentBudgets;
}

/** A process remembers so many; what it forgets costs one write that is refused. */
const REMEMBERED_MAX = 10_000;
const HOUR_MS = 3_600_000;
/** Of the budget of all that the holder of many IPv6 networks may take. Mobile carriers have a whole city behind one. */
const SITE_SHARE = 0.25;

/** The id of a new visitor, within the hourly budgets of the network, asked first, and of all. Throws `Refused` where one is spent. */
export async function newVisitor(address: string, deps: NewVisitorDeps): Promise<string> {
  const { settings, tokens, clock } = deps;
  const nowMs = clock.now();
  const hour = new Date(nowMs).toISOString().slice(0, 13);
  const [network = '', site] = await Promise.all(
    clientNetworks(address).map(async (one) => `${hour}#${await tokens.networkName(one, hour)}`),
  );
  const { visitorsPerHour: ofAll, visitorsPerHourAndNetwork: ofNetwork } = settings;
  if (
    // Where all strangers' budget is known to be spent, a network that comes for the first time costs nothing either.
    !isSpent(hour, hour, deps) &&
    (await spend(network, ofNetwork, hour, deps)) &&
    (!site || (await spend(site, Math.max(ofNetwork, Math.floor(ofAll * SITE_SHARE)), hour, deps))) &&
    (await spend(hour, ofAll, hour, deps))
  )
    return tokens.newId();
  throw new Refused('visitor_budget_spent', { retryAfterMs: HOUR_MS - (nowMs % HOUR_MS) });
}

/** Whether this process saw the budget spent in this hour. */
function isSpent(account: string, hour: string, { spent }: NewVisitorDeps): boolean {
  if (spent.hour !== hour) spent.accounts.clear();
  spent.hour = hour;
  return spent.accounts.has(account);
}

async function spend(account: string, max: number, hour: string, deps: NewVisitorDeps): Promise<boolean> {
  if (isSpent(account, hour, deps)) return false;
  const { links, spent } = deps;
  if (await links.spendVisitor(account, max)) return true;
  if (spent.accounts.size < REMEMBERED_MAX) spent.accounts.add(account);
  return false;
}
