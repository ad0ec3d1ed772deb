import * as z from 'zod/mini';
import { maxLength, minLength } from '../length.ts';
import { isObject } from '../sources/json.ts';
import { fullReadMembers, secretUrl } from './read-members.ts';
import { eachOf, isFailed, namesIn, unclear, type Entry, type Page, type StoreApi } from './store-api.ts';
import { completed, slugsIn, standingOf } from './workos-user.ts';

/** How users are read from WorkOS. The API key is not part of it. */
export const workosReadSchema = z.strictObject({
  ...fullReadMembers,
  baseUrl: z._default(secretUrl, 'https://api.workos.com'),
  /** The directory whose users are listed; without it, those of a directory are only read one by one. */
  directory: z.optional(z.string().check(minLength(1), maxLength(256))),
});
type WorkosRead = z.infer<typeof workosReadSchema>;
type Users = 'directory' | 'workos';

/** The members that a reading adds to a user: of a user of WorkOS' own the roles, which no event tells, of one of a directory the groups. */
export const workosReadMembers = (users: Users): readonly string[] =>
  users === 'workos' ? ['role_slugs', 'organizations'] : ['groups'];

/** The most that WorkOS gives ("Pagination"). */
const PAGE = 100;

/**
 * The users of WorkOS with their active memberships, or of directories with their groups (workos.com/docs/reference: "Get a user", "List
 * organization memberships", "Get a Directory User", "List Directory Groups"). A directory user's own `groups` are deprecated and empty.
 */
export function workosApi({ baseUrl, directory }: WorkosRead, users: Users): StoreApi {
  const all = users === 'workos' ? '/user_management/users' : '/directory_users';
  const lists = users === 'workos' ? '/user_management/organization_memberships?user_id=' : '/directory_groups?user=';
  const ofOne = users === 'workos' ? '' : `&directory=${encodeURIComponent(directory ?? '')}`;
  const from = (at: string) => (at === '' ? '' : `&after=${encodeURIComponent(at)}`);
  return {
    access: { kind: 'key' },
    *read(userId) {
      const { status, body } = yield { url: `${baseUrl}${all}/${encodeURIComponent(userId)}` };
      if (status === 404 && isObject(body) && body['code'] === 'entity_not_found') return { kind: 'missing' };
      if (status !== 200 || !isObject(body) || body['id'] !== userId) return unclear;
      const standing = standingOf(body) ?? 'active';
      if (standing === 'unclear') return unclear;
      const organizations = new Set<unknown>();
      const names = yield* namesIn(
        (at) => ({ url: `${baseUrl}${lists}${encodeURIComponent(userId)}&limit=${PAGE}${from(at)}` }),
        (list) => {
          const page = pageOf(list, users === 'workos' ? membership(userId) : group);
          if (users === 'workos')
            eachOf(isObject(list) ? list['data'] : [], (one) => organizations.add(one['organization_id']));
          return page;
        },
      );
      if (isFailed(names)) return names;
      const added = users === 'workos' ? { role_slugs: names, organizations: [...organizations] } : { groups: names };
      return { kind: 'found', record: { ...completed(body), ...added }, status: standing };
    },
    ...((users === 'workos' || directory !== undefined) && {
      *list(cursor: string) {
        const { status, body } = yield { url: `${baseUrl}${all}?limit=${PAGE}${ofOne}${from(cursor)}` };
        const page = status === 200 ? pageOf(body, ({ id }) => (typeof id === 'string' ? id : undefined)) : undefined;
        return page ?? unclear;
      },
    }),
  };
}

function pageOf<Item>(
  body: unknown,
  itemOf: (one: Record<string, unknown>) => Item | undefined,
): Page<Item> | undefined {
  if (!isObject(body)) return undefined;
  const items = eachOf(body['data'], itemOf);
  const { after } = isObject(body['list_metadata']) ? body['list_metadata'] : {};
  return items && { items, next: typeof after === 'string' ? after : undefined };
}

const group = ({ id, name }: Record<string, unknown>): Entry | undefined =>
  typeof id === 'string' && typeof name === 'string' ? [id, name] : undefined;

/** One of somebody else would give the person their roles. */
const membership =
  (userId: string) =>
  (one: Record<string, unknown>): Entry | undefined => {
    const slugs = slugsIn(one).filter((slug) => typeof slug === 'string');
    return typeof one['id'] === 'string' && one['user_id'] === userId && one['status'] === 'active'
      ? [one['id'], slugs]
      : undefined;
  };
