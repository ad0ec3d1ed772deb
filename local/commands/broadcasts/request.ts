import { attributesOf } from '../attribute-pairs.ts';
import { CommandError } from '../command-error.ts';
import { scheduleOf, type ScheduleOptions, type ScheduleRequest } from './schedule-options.ts';
import { readTextFile } from '../text-file.ts';

/** What a broadcast is made of on the command line. */
export interface RequestOptions extends ScheduleOptions {
  readonly message?: string;
  readonly messageFile?: string;
  readonly user?: readonly string[];
  readonly usersFile?: string;
  readonly contact?: readonly string[];
  readonly all?: boolean;
  readonly exceptUser?: readonly string[];
  readonly role?: readonly string[];
  readonly attribute?: readonly string[];
  readonly lateness?: number;
}

interface Narrowing {
  readonly except?: { readonly userIds: readonly string[] };
  readonly where?: { readonly roles?: readonly string[]; readonly attributes?: Readonly<Record<string, string>> };
}

type AudienceRequest = Narrowing &
  (
    | { readonly kind: 'users'; readonly userIds: readonly string[] }
    | { readonly kind: 'contacts'; readonly contactIds: readonly string[] }
    | { readonly kind: 'all' }
  );

/** The body of `POST /v1/broadcasts` and of its preview. */
export interface BroadcastRequest {
  readonly message: string;
  readonly audience: AudienceRequest;
  readonly schedule?: ScheduleRequest;
  readonly latenessMinutes?: number;
  readonly confirm?: 'all';
  readonly audienceHash?: string;
}

/** The API takes as many ids as this in one broadcast, and says no more of a longer list than that it is too long. */
const idsMax = 5_000;

/** Reads the files that the options name, too. Throws `CommandError` where something is missing, or said twice. */
export async function requestOf(options: RequestOptions): Promise<BroadcastRequest> {
  const audience = await audienceOf(options);
  const schedule = scheduleOf(options);
  return {
    message: await messageOf(options),
    audience,
    ...(schedule && { schedule }),
    ...(options.lateness !== undefined && { latenessMinutes: options.lateness }),
    ...(audience.kind === 'all' && { confirm: 'all' }),
  };
}

async function messageOf({ message, messageFile }: RequestOptions): Promise<string> {
  if ((message === undefined) === (messageFile === undefined))
    throw new CommandError('give the message by --message or by --message-file');
  // Editors end a file with a line end that nobody means to send.
  const text = message ?? (await readTextFile(messageFile ?? '-')).replace(/\r?\n$/, '');
  if (text.trim() === '') throw new CommandError('the message is empty');
  return text;
}

async function audienceOf(options: RequestOptions): Promise<AudienceRequest> {
  const { user, usersFile, contact, all } = options;
  const given = [user ?? usersFile, contact, all || undefined].filter((kind) => kind !== undefined);
  if (given.length !== 1)
    throw new CommandError('say to whom: --user and --users-file, or --contact, or --all; one of these three');
  const narrowing = narrowingOf(options);
  if (all) return { kind: 'all', ...narrowing };
  if (contact) return { kind: 'contacts', contactIds: idsOf(contact), ...narrowing };
  const listed = usersFile === undefined ? [] : await usersIn(usersFile);
  return { kind: 'users', userIds: idsOf([...(user ?? []), ...listed]), ...narrowing };
}

/** A userId is opaque: nothing but the line end is taken off. */
async function usersIn(path: string): Promise<string[]> {
  const userIds = (await readTextFile(path)).split(/\r?\n/).filter((line) => line !== '');
  if (userIds.length === 0) throw new CommandError(`${path} names nobody`);
  return userIds;
}

function idsOf(given: readonly string[]): string[] {
  const ids = [...new Set(given)];
  if (ids.length > idsMax) throw new CommandError(`${ids.length} ids are too many: at most ${idsMax}, or use --all`);
  return ids;
}

function narrowingOf({ exceptUser, role, attribute }: RequestOptions): Narrowing {
  const attributes = attribute && attributesOf(attribute, '--attribute');
  return {
    ...(exceptUser && { except: { userIds: idsOf(exceptUser) } }),
    ...((role ?? attributes) && {
      where: { ...(role && { roles: role }), ...(attributes && { attributes }) },
    }),
  };
}
