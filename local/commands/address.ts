import { isSafeUrl, LOOPBACK_HOSTS } from '../../functions/rules/safe-url.ts';
import { CommandError } from './command-error.ts';

/** The address of an API to which a token may travel. Throws `CommandError` for one without https, but on this machine. */
export function apiUrl(address: string): URL {
  const url = isSafeUrl(address) ? new URL(address) : undefined;
  if (url && !url.search && !url.hash) return url;
  throw new CommandError(`--api takes an address such as https://bridge.example.com, without a query, not ${address}`);
}

/** The address that `npm start` takes by itself. */
export const localDefault = 'http://localhost:3000';

/** The address of a bridge that `npm start` runs, as `--local` says it. Throws `CommandError` for an address elsewhere. */
export function urlOnThisMachine(local: string | true): URL {
  const address = local === true ? localDefault : local;
  const url = URL.parse(address);
  if (url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname)) return url;
  throw new CommandError(
    `${address} is not on this machine: give an address such as http://localhost:3000, or none and --local at the end`,
  );
}
