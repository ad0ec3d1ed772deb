import { type Command, Option } from 'commander';
import { CommandError } from '../command-error.ts';
import { localDefault } from '../address.ts';
import { type Access, apiAccess, localAccess } from './access.ts';

/** Where the API is, as a command's options say it. */
export interface AccessOptions {
  readonly api?: string;
  readonly local?: string | true;
}

/** Gives a command its options for the API. `needs` are the scopes that its token needs, in words. */
export function withAccess(command: Command, needs: string): Command {
  return command
    .addOption(new Option('--api <url>', 'the address of a deployed bridge').conflicts('local'))
    .addOption(new Option('--local [address]', `a bridge that npm start runs here (${localDefault})`))
    .addHelpText(
      'after',
      `\n--api takes its token from the environment variable CONTACT_BRIDGE_TOKEN. It needs ${needs}.`,
    );
}

/** The way to the API. Throws `CommandError` where the options say none, or there is no token with `scopes`. */
export function accessOf({ api, local }: AccessOptions, scopes: string): Access {
  if (api !== undefined) return apiAccess(api, process.env['CONTACT_BRIDGE_TOKEN'], scopes);
  if (local === undefined) throw new CommandError('say where: --api <url>, or --local for the bridge of npm start');
  return localAccess(local, scopes);
}
