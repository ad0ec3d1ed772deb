import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { Crowd, type People } from './crowd.ts';
import { putLinks, ROWS_SCANNED, type BroadcastGround } from './ground.ts';
import { signedIn } from './person.ts';

/**
 * Who is there when a broadcast is made. `three`: three users, named; `three contacts`: by their contacts; `two batches`: as many users
 * as fill a batch, and a few more. `everyone`: all users with a role, three of them on the first planning page and two on the last one,
 * among those whom the broadcast is not for; `everyone, far apart`: with a page between that has none of them.
 */
export type CrowdName = 'three' | 'three contacts' | 'two batches' | 'everyone' | 'everyone, far apart';

/** A batch has 50 (MaiAgent, "broadcast message"). */
const MORE_THAN_A_BATCH = 52;
/** A planning page is committed when so many pages were read, however few of them are recipients (`functions/broadcasts/plan-run.ts`). */
const PAGE_READS = 10;
const PAGE_ROWS = PAGE_READS * ROWS_SCANNED;
/** The last planning page has an odd number, so that the last read is known for it. They are more than all that is no user's. */
const LAST_ROWS = 5;

/** Makes the crowd of one story, whose id begins the names of its users. */
export function makeCrowd(name: CrowdName, id: string, ground: BroadcastGround): Promise<Crowd> {
  switch (name) {
    case 'three':
      return Crowd.of(named(3, id, ground), ground);
    case 'two batches':
      return Crowd.of(named(MORE_THAN_A_BATCH, id, ground), ground);
    case 'three contacts': {
      const { members } = named(3, id, ground);
      const contactIds = members.map(({ contactId }) => contactId);
      return Crowd.of({ body: { audience: { kind: 'contacts', contactIds } }, members }, ground);
    }
    case 'everyone':
      return everyone(PAGE_ROWS + LAST_ROWS, id, ground);
    case 'everyone, far apart':
      return everyone(2 * PAGE_ROWS + LAST_ROWS, id, ground);
  }
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

function named(count: number, id: string, ground: BroadcastGround): People {
  const userIds = numbers(count).map((number) => `${id}-${number}`);
  const members = userIds.map((userId) => signedIn(userId, [], ground));
  return { body: { audience: { kind: 'users', userIds } }, members };
}

const ROLE = 'sample-role';

/** A table with so many rows: an event's receipt, two visitors, and users, of whom a few are meant. */
async function everyone(rows: number, id: string, ground: BroadcastGround): Promise<Crowd> {
  const receipt = { pk: `event#api#${id}` };
  const visitors = [`visitor#${id}-0`, `visitor#${id}-1`].map((pk) => ({ ...signedIn(pk, [ROLE], ground), pk }));
  const others = [receipt, ...visitors];
  const keys = numbers(rows - others.length).map((number) => `user#${id}-${number}`);
  const userIds = await inOrder([...others.map(({ pk }) => pk), ...keys], ground);
  const members = [...userIds.slice(0, 3), ...userIds.slice(-2)].map((userId) => signedIn(userId, [ROLE], ground));
  const { contactId: _none, ...unbound } = signedIn(userIds[3] ?? '', [ROLE], ground);
  const { links, except } = outsiders(userIds.slice(4, -2), ground);
  const body = { audience: { kind: 'all', where: { roles: [ROLE] }, except }, confirm: 'all' } satisfies People['body'];
  return Crowd.of({ body, members, bystanders: [...others, unbound, ...links], unbound: [unbound.pk] }, ground);
}

/** Users whom it is not for: in turn without the role, excepted as users and as contacts, disabled, and deleted. */
function outsiders(userIds: readonly string[], ground: BroadcastGround) {
  const roles = (index: number): readonly string[] => (index % 5 === 0 ? [] : [ROLE]);
  const lives = ['active', 'active', 'active', 'disabled', 'deleted'] as const;
  const links = userIds.map((userId, index) => ({
    ...signedIn(userId, roles(index), ground),
    accountStatus: lives[index % lives.length] ?? 'active',
  }));
  const except = {
    userIds: userIds.filter((_, index) => index % 5 === 1),
    contactIds: links.filter((_, index) => index % 5 === 2).map(({ contactId }) => contactId),
  };
  return { links, except };
}

/** Puts bare rows, and answers the users among them in the order in which the table has them. */
async function inOrder(keys: readonly string[], ground: BroadcastGround): Promise<readonly string[]> {
  await putLinks(
    keys.map((pk) => ({ pk })),
    ground,
  );
  const { Items = [] } = await ground.table.client.send(new ScanCommand({ TableName: 'Links' }));
  const found = Items.flatMap(({ pk }) => (pk?.S?.startsWith('user#') ? [pk.S.slice('user#'.length)] : []));
  if (Items.length !== keys.length) throw new Error('the links of another story are still there');
  return found;
}
