import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { policyOf } from '../../../functions/env.ts';
import type { Audience } from '../../../functions/rules/broadcasts/audience.ts';
import { draft, type Link } from '../../../functions/rules/contacts/link.ts';
import { parseVersion } from '../../../functions/rules/contacts/version.ts';
import { inboxId } from '../../rigs/real-parts.ts';
import { wholeUser } from '../../rules/contacts/sample-changes.ts';
import { confirmed, rowOf } from '../../rules/contacts/sample-links.ts';
import { worldSettings } from '../settings.ts';
import type { World } from '../world.ts';
import type { Meant } from './campaign.ts';

/**
 * Who is there when a broadcast is made. `three`: three users, named; `three contacts`: by their contacts; `two batches`: as many users
 * as fill a batch, and a few more. `everyone`: all users with a role, three of them on the first planning page and two on the last one,
 * among those whom the broadcast is not for; `everyone, far apart`: with a page between that has none of them.
 */
export type CrowdName = 'three' | 'three contacts' | 'two batches' | 'everyone' | 'everyone, far apart';

/** A link that has its contact. */
type Bound = Link & { readonly contactId: string };

/** A batch has 50 (MaiAgent, "broadcast message"). */
const MORE_THAN_A_BATCH = 52;
const ROWS_SCANNED = 2;
/** A planning page is committed when so many pages were read, however few of them are recipients (`functions/broadcasts/plan-run.ts`). */
const PAGE_READS = 10;
const PAGE_ROWS = PAGE_READS * ROWS_SCANNED;
/** The last planning page has an odd number, so that the last read is known for it. They are more than all that is no user's. */
const LAST_ROWS = 5;
const ROLE = 'sample-role';
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** The recipients of one broadcast and everybody around them, in the table as their sign-ins left them. */
export class Crowd implements Meant {
  body: { readonly audience: Audience; readonly confirm?: 'all' };
  reachesNobody = false;
  readonly #world: World;
  #members: readonly Bound[] = [];
  #meant: ReadonlySet<string> = new Set();

  private constructor(world: World) {
    this.#world = world;
    this.body = { audience: { kind: 'users', userIds: [] } };
  }

  /** Makes the crowd of one story, whose id begins the names of its users. */
  static async of(name: CrowdName, id: string, world: World): Promise<Crowd> {
    const crowd = new Crowd(world);
    world.scanRows = ROWS_SCANNED;
    if (name === 'everyone') await crowd.#everyone(PAGE_ROWS + LAST_ROWS, id);
    else if (name === 'everyone, far apart') await crowd.#everyone(2 * PAGE_ROWS + LAST_ROWS, id);
    else await crowd.#named(name === 'two batches' ? MORE_THAN_A_BATCH : 3, id, name === 'three contacts');
    return crowd;
  }

  /** Whom the audience names: keys of links, or contacts; `undefined` for everybody. */
  get named(): readonly string[] | undefined {
    const { audience } = this.body;
    if (audience.kind === 'contacts') return audience.contactIds;
    return audience.kind === 'users' ? audience.userIds.map((userId) => `user#${userId}`) : undefined;
  }

  isMeant(pk: string): boolean {
    return this.#meant.has(pk);
  }

  /** The contact of the second one, who answers to messages, and whom MaiAgent may not like. */
  get talker(): string | undefined {
    return this.#members[1]?.contactId;
  }

  /** The first one is disabled. */
  async disable(): Promise<void> {
    await this.#put([{ ...this.#at(0), accountStatus: 'disabled' }]);
  }

  /** The first one is disabled, the second one deleted, and the last one was deleted and comes back with another contact. */
  async change(): Promise<void> {
    const last = this.#at(-1);
    const contactId = this.#addContact(`${last.sourceId}~2`);
    this.reachesNobody = this.body.audience.kind === 'contacts' && this.#members.length === 3;
    await this.#put([
      { ...this.#at(0), accountStatus: 'disabled' },
      { ...this.#at(1), accountStatus: 'deleted' },
      { ...last, contactId, generation: 2 },
    ]);
  }

  #at(index: number): Bound {
    return this.#members.at(index) as Bound;
  }

  async #put(rows: readonly (Partial<Link> & { readonly pk: string })[]): Promise<void> {
    for (const row of rows) {
      const Item = marshall(row, { removeUndefinedValues: true });
      await this.#world.client.send(new PutItemCommand({ TableName: 'Links', Item }));
    }
  }

  async #named(count: number, id: string, isByContact: boolean): Promise<void> {
    const userIds = numbers(count).map((number) => `${id}-${number}`);
    this.#members = userIds.map((userId) => this.#signedIn(userId, []));
    const contactIds = this.#members.map(({ contactId }) => contactId);
    this.body = { audience: isByContact ? { kind: 'contacts', contactIds } : { kind: 'users', userIds } };
    await this.#put(this.#members);
  }

  /** A table with so many rows: an event's receipt, two visitors, and users, of whom a few are meant. */
  async #everyone(rows: number, id: string): Promise<void> {
    const receipt = { pk: `event#api#${id}` };
    const visitors = [`visitor#${id}-0`, `visitor#${id}-1`].map((pk) => ({ ...this.#signedIn(pk, [ROLE]), pk }));
    const others = [receipt, ...visitors];
    const keys = numbers(rows - others.length).map((number) => `user#${id}-${number}`);
    const userIds = await this.#inOrder([...others.map(({ pk }) => pk), ...keys]);
    this.#members = [...userIds.slice(0, 3), ...userIds.slice(-2)].map((userId) => this.#signedIn(userId, [ROLE]));
    const { contactId: _none, ...unbound } = this.#signedIn(userIds[3] ?? '', [ROLE]);
    this.#meant = new Set([...this.#members, unbound].map(({ pk }) => pk));
    const { links, except } = this.#outsiders(userIds.slice(4, -2));
    this.body = { audience: { kind: 'all', where: { roles: [ROLE] }, except }, confirm: 'all' };
    await this.#put([...others, unbound, ...links, ...this.#members]);
  }

  /** Users whom it is not for: in turn without the role, excepted as users and as contacts, disabled, and deleted. */
  #outsiders(userIds: readonly string[]) {
    const roles = (index: number): readonly string[] => (index % 5 === 0 ? [] : [ROLE]);
    const statuses = ['active', 'active', 'active', 'disabled', 'deleted'] as const;
    const links = userIds.map((userId, index) => ({
      ...this.#signedIn(userId, roles(index)),
      accountStatus: statuses[index % statuses.length] ?? 'active',
    }));
    const except = {
      userIds: userIds.filter((_, index) => index % 5 === 1),
      contactIds: links.filter((_, index) => index % 5 === 2).map(({ contactId }) => contactId),
    };
    return { links, except };
  }

  /** Puts bare rows, and answers the users among them in the order in which the table has them. */
  async #inOrder(keys: readonly string[]): Promise<readonly string[]> {
    await this.#put(keys.map((pk) => ({ pk })));
    const { Items = [] } = await this.#world.client.send(new ScanCommand({ TableName: 'Links' }));
    return Items.flatMap(({ pk }) => (pk?.S?.startsWith('user#') ? [pk.S.slice('user#'.length)] : []));
  }

  /** A contact that has chatted. */
  #addContact(sourceId: string): string {
    const { store } = this.#world.maiAgent;
    const { id } = store.addContact({ sourceId, inboxes: [inboxId] });
    store.addConversation(id);
    return id;
  }

  /** The link of a user who has signed in and chatted, as the sign-in leaves it; the table does not have it yet. */
  #signedIn(userId: string, roles: readonly string[]): Bound {
    const told = wholeUser({ roles });
    const change = { source: 'api', kind: 'create', version: parseVersion(1) ?? '', told } as const;
    const next = draft({ kind: 'user', userId }, undefined, change, policyOf(worldSettings));
    const contactId = this.#addContact(userId);
    return { ...confirmed({ ...rowOf(next), pk: `user#${userId}` }, contactId), contactId };
  }
}
