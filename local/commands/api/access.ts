import * as z from 'zod/mini';
import { apiUrl, localDefault, urlOnThisMachine } from '../address.ts';
import { askLocally } from '../ask-locally.ts';
import { CommandError } from '../command-error.ts';

/** Where the API is, as a command's options say it. */
export interface AccessOptions {
  readonly api?: string;
  readonly local?: string | true;
}

/** The way to the API. Throws `CommandError` where the options say none, or there is no token with `scopes`. */
export function accessOf({ api, local }: AccessOptions, scopes: string): Access {
  if (api !== undefined) return apiAccess(api, process.env['CONTACT_BRIDGE_TOKEN'], scopes);
  if (local === undefined) throw new CommandError('say where: --api <url>, or --local for the bridge of npm start');
  return localAccess(local, scopes);
}

/** The way to an API, and what to show at its door. */
export interface Access {
  /** Without a slash at the end. */
  readonly url: string;
  /** The options that lead here, to be shown in a command that can be pasted. */
  readonly flags: string;
  /** A token. `isRefused` asks for another one; undefined where there is none. */
  token(isRefused: boolean): Promise<string | undefined>;
}

/**
 * The API at this address. `token` comes from the environment, because arguments show in the list of processes; `scopes` are those that
 * it should have. Throws `CommandError` for an address or a token that cannot be used: a token leaves this machine over https only.
 */
export function apiAccess(address: string, token: string | undefined, scopes: string): Access {
  const url = apiUrl(address);
  const bearer = token?.trim().replace(/^Bearer\s+/i, '');
  if (!bearer)
    throw new CommandError(`set the environment variable CONTACT_BRIDGE_TOKEN to a token with the scopes ${scopes}`);
  if (!/^[\x21-\x7e]+$/.test(bearer)) throw new CommandError('CONTACT_BRIDGE_TOKEN holds something that is no token');
  const flags = `--api ${url.href}`;
  return { url: url.href.replace(/\/+$/, ''), flags, token: async (isRefused) => (isRefused ? undefined : bearer) };
}

/** The bridge that `npm start` runs at this address of this machine; its issuer gives anyone any scopes. Throws `CommandError` for an address elsewhere. */
export function localAccess(local: string | true, scopes: string): Access {
  const url = urlOnThisMachine(local);
  let token: Promise<string> | undefined;
  return {
    url: url.origin,
    flags: url.origin === localDefault ? '--local' : `--local ${url.origin}`,
    token: (isRefused) => (token = (isRefused ? undefined : token) ?? localToken(url, scopes)),
  };
}

async function localToken(url: URL, scope: string): Promise<string> {
  const asked = await askLocally(url, '/local/token', { sub: 'command-line', scope });
  const answer = z.safeParse(z.object({ token: z.string() }), asked);
  if (answer.success) return answer.data.token;
  throw new CommandError(`${url.origin} is no bridge of this version (it gives no token)`);
}
