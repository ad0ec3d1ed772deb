import * as z from 'zod/mini';
import { isObject, type Json } from '../sources/json.ts';
import { fullReadMembers, secretUrl } from './read-members.ts';
import {
  eachOf,
  isFailed,
  namesIn,
  PAGES_MAX,
  unclear,
  type Ask,
  type Dialogue,
  type Entry,
  type Page,
  type StoreApi,
} from './store-api.ts';
import type { FailedReading } from './user-reading.ts';

/** How users are read from a user pool, in the name of the function's own role. */
export const cognitoReadSchema = z.strictObject({
  ...fullReadMembers,
  userPoolId: z.string().check(z.regex(/^[a-z]{2,4}(-[a-z]+)+-\d+_[0-9A-Za-z]{1,55}$/)),
  /** Where the API is, if not where AWS has it for the pool's region. */
  endpoint: z.optional(secretUrl),
});
type CognitoRead = z.infer<typeof cognitoReadSchema>;

/** The region of a pool, which its id begins with. */
export const regionOf = ({ userPoolId }: Pick<CognitoRead, 'userPoolId'>): string => userPoolId.split('_')[0] ?? '';

/** How names end in the partitions that have an end of their own, by how their regions begin (AWS SDK, "partitions"). */
const suffixes: Readonly<Record<string, string>> = { cn: 'amazonaws.com.cn', eusc: 'amazonaws.eu' };

/** The most that Cognito gives of groups and users. */
const PAGE = 60;

/**
 * The users of a pool (Amazon Cognito, "API reference": AdminGetUser, AdminListGroupsForUser, ListUsers). A record has the attributes by
 * name, `groups`, and `enabled`. `AdminGetUser` takes the `sub` of a user of the pool itself; one who came from another identity
 * provider is known by a name, which the list finds by the `sub`.
 */
export function cognitoApi(declared: CognitoRead): StoreApi {
  const { userPoolId } = declared;
  const region = regionOf(declared);
  const suffix = suffixes[region.split('-')[0] ?? ''] ?? 'amazonaws.com';
  const url = declared.endpoint ?? `https://cognito-idp.${region}.${suffix}/`;
  const ask = (operation: string, input: object): Ask => ({
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify({ UserPoolId: userPoolId, ...input }),
  });
  return {
    access: { kind: 'aws', service: 'cognito-idp', region },
    *read(sub) {
      const { status, body } = yield ask('AdminGetUser', { Username: sub });
      let user = status === 200 && isObject(body) ? userIn(body, body['UserAttributes']) : undefined;
      const isNobody = status === 400 && isObject(body) && nameOf(body['__type']) === 'UserNotFoundException';
      // People may choose a username, and so somebody else's `sub`.
      if (isNobody || (user && user.record['sub'] !== sub)) {
        // The filter takes the value in quotes, and a `sub` is a UUID (ibid., ListUsers).
        if (!/^[0-9a-f-]{1,64}$/.test(sub)) return { kind: 'missing' };
        const found = yield* firstOf((at) => ask('ListUsers', { Filter: `sub = "${sub}"`, Limit: PAGE, ...at }));
        if (!found || isFailed(found)) return found ?? { kind: 'missing' };
        user = found;
      }
      if (!user || user.record['sub'] !== sub) return unclear;
      const { username } = user;
      const groups = yield* namesIn(
        (at) => ask('AdminListGroupsForUser', { Username: username, Limit: PAGE, ...(at !== '' && { NextToken: at }) }),
        groupsOf,
      );
      if (isFailed(groups)) return groups;
      const record = { ...user.record, groups, enabled: user.isEnabled };
      return { kind: 'found', record, status: user.isEnabled ? 'active' : 'disabled' };
    },
    *list(at) {
      const input = { AttributesToGet: ['sub'], Limit: PAGE, ...(at !== '' && { PaginationToken: at }) };
      const { status, body } = yield ask('ListUsers', input);
      const users = status === 200 ? usersIn(body) : undefined;
      const ids = users?.map(({ record }) => record['sub']);
      if (!ids?.every((id) => typeof id === 'string')) return unclear;
      const { PaginationToken: next } = isObject(body) ? body : {};
      return { items: ids, next: typeof next === 'string' ? next : undefined };
    },
  };
}

/** The first user of a list. A page may have none though the list goes on: only its end says that nobody is there (ibid., ListUsers, `Limit`). */
function* firstOf(ask: (at: object) => Ask): Dialogue<PoolUser | undefined | FailedReading> {
  let at = {};
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const { status, body } = yield ask(at);
    const users = status === 200 ? usersIn(body) : undefined;
    const { PaginationToken: next } = isObject(body) ? body : {};
    if (!users || users.length > 0 || next === undefined || next === null) return users ? users[0] : unclear;
    at = { PaginationToken: next };
  }
  return unclear;
}

interface PoolUser {
  readonly username: string;
  readonly isEnabled: boolean;
  readonly record: Json;
}

/** `AdminGetUser` names the attributes otherwise than `ListUsers` does. */
function userIn({ Username: username, Enabled: isEnabled }: Json, attributes: unknown): PoolUser | undefined {
  const pairs = eachOf(attributes, ({ Name, Value }) =>
    typeof Name === 'string' && typeof Value === 'string' ? ([Name, Value] as const) : undefined,
  );
  if (!pairs || typeof username !== 'string' || typeof isEnabled !== 'boolean') return undefined;
  return { username, isEnabled, record: Object.fromEntries(pairs) };
}

const usersIn = (body: unknown): PoolUser[] | undefined =>
  isObject(body) ? eachOf(body['Users'], (one) => userIn(one, one['Attributes'])) : undefined;

function groupsOf(body: unknown): Page<Entry> | undefined {
  if (!isObject(body)) return undefined;
  const items = eachOf(body['Groups'], ({ GroupName: name }): Entry | undefined =>
    typeof name === 'string' ? [name, name] : undefined,
  );
  const { NextToken: next } = body;
  return items && { items, next: typeof next === 'string' ? next : undefined };
}

/** An error's name may have a namespace before it (AWS, "AWS JSON 1.1 protocol"). */
const nameOf = (type: unknown): unknown => (typeof type === 'string' ? type.split('#').at(-1) : undefined);
