import { attributesOf } from '../attribute-pairs.ts';
import { CommandError } from '../command-error.ts';
import { readTextFile } from '../text-file.ts';

/** What a broadcast is made of on the command line. */
export interface RequestOptions {
  readonly message?: string;
  readonly messageFile?: string;
  readonly user?: readonly string[];
  readonly usersFile?: string;
  readonly contact?: readonly string[];
  readonly all?: true;
  readonly exceptUser?: readonly string[];
  readonly role?: readonly string[];
  readonly group?: readonly string[];
  readonly attribute?: readonly string[];
  readonly at?: string;
  readonly cron?: string;
  readonly rate?: string;
  readonly zone?: string;
  readonly end?: string;
  readonly lateness?: number;
  readonly testTo?: string;
}

/**
 * The body of `POST /v1/broadcasts` and of its preview, as the options say it: what is missing or wrong in it, the API tells. Reads the
 * files that the options name. Throws `CommandError` where it is not said to whom, and for a file that cannot be read.
 */
export async function requestOf(options: RequestOptions) {
  const { testTo } = options;
  const { message, audience, schedule, latenessMinutes, confirm } = await editOf(options);
  if (message === undefined) throw new CommandError('say what they read: --message or --message-file');
  // Somebody looks at the message as it will be, before anybody else gets it.
  if (testTo !== undefined) return { message, audience: { kind: 'users', userIds: [testTo] } as const };
  if (!audience) throw new CommandError('say to whom: --user and --users-file, or --contact, or --all');
  return { message, audience, schedule, latenessMinutes, confirm };
}

/** The body of `PATCH /v1/broadcasts/{broadcastId}`: what no option says stays as it is. */
export async function editOf(options: RequestOptions) {
  return {
    message: await messageOf(options),
    audience: await audienceOf(options),
    schedule: scheduleOf(options),
    latenessMinutes: options.lateness,
    confirm: options.all && ('all' as const),
  };
}

async function messageOf({ message, messageFile }: RequestOptions): Promise<string | undefined> {
  if (messageFile === undefined) return message;
  // Editors end a file with a line end that nobody means to send.
  return (await readTextFile(messageFile)).replace(/\r?\n$/, '');
}

async function audienceOf({ user, usersFile, contact, all, exceptUser, role, group, attribute }: RequestOptions) {
  const where = { roles: role, groups: group, attributes: attribute && attributesOf(attribute, '--attribute') };
  const narrowing = { except: exceptUser && { userIds: exceptUser }, where: (role ?? group ?? attribute) && where };
  if (all) return { kind: 'all', ...narrowing };
  if (contact) return { kind: 'contacts', contactIds: contact, ...narrowing };
  if (!user && usersFile === undefined) {
    if (role ?? group ?? attribute ?? exceptUser)
      throw new CommandError('conditions need those whom they narrow: --user and --users-file, or --contact, or --all');
    return undefined;
  }
  // A userId is opaque: nothing but the line end is taken off.
  const listed = usersFile === undefined ? [] : (await readTextFile(usersFile)).split(/\r?\n/);
  return { kind: 'users', userIds: [...(user ?? []), ...listed.filter((line) => line !== '')], ...narrowing };
}

/** Undefined for at once. A zone or an end without a time is no schedule, and the API says so. */
function scheduleOf({ at, cron, rate, zone, end }: RequestOptions) {
  if ([at, cron, rate, zone, end].every((one) => one === undefined)) return undefined;
  const kind = at !== undefined ? 'at' : cron !== undefined ? 'cron' : rate !== undefined ? 'rate' : undefined;
  return { kind, at: at && wholeTime(at), cron, rate, timeZone: zone, end: end && wholeTime(end) };
}

/** The API takes times with a T and with seconds: `2027-03-01 09:00` is written out. */
const wholeTime = (text: string): string =>
  text.replace(/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?!:)/, '$1T$2:00').replace(' ', 'T');
