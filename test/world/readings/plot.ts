import { isDeepStrictEqual } from 'node:util';
import type { Plot } from '../boundaries/case.ts';
import { judgeChange } from '../contacts/judge-change.ts';
import { permissionsOf, shell } from '../contacts/truth.ts';
import { inboxId } from '../../rigs/real-parts.ts';
import { Member, type Act } from './member.ts';

/** How a user stands when a story begins. */
const before = {
  stranger: [],
  /** Told of, read, known at MaiAgent, and with a right by a role. */
  member: ['created', 'given', 'read', 'sync', 'sign-in'],
  /** With a right by a group. */
  partner: ['created', 'joined', 'read', 'sync', 'sign-in'],
  /** Of whom something was taken that nobody has read yet. */
  unread: ['created', 'given', 'read', 'sync', 'sign-in', 'taken'],
  disabled: ['created', 'given', 'read', 'sync', 'disabled', 'sync'],
  gone: ['created', 'given', 'read', 'sync', 'sign-in', 'deleted', 'sync'],
} satisfies Record<string, Act[]>;
export type Setup = keyof typeof before;
export const setups = Object.keys(before) as Setup[];

export async function begin(setup: Setup, member: Member): Promise<void> {
  const { store } = member.world.maiAgent;
  // Somebody else's: MaiAgent must know another contact before it is believed that it knows one no more.
  store.addContact({ sourceId: `x${member.userId}`, name: 'Somebody else', inboxes: [inboxId] });
  await member.performAll(before[setup]);
}

/** Stories of one user of a store that is read. */
export const readingPlot: Plot<Act, Setup> = {
  async begin(setup, id, world) {
    const member = new Member(world, id);
    await begin(setup, member);
    world.changed.push((change) => {
      const wrong = judgeChange(change);
      if (wrong !== undefined) member.accuse(wrong);
    });
    return member;
  },
  rival: ['lease-passes', 'read', 'sync', 'sign-in'],
  look: ['read', 'sync', 'sign-in'],
  async settle(player, { isSyncFirst }) {
    await settle([player as Member], isSyncFirst);
    return '';
  },
};

const ROUNDS_MAX = 12;
const PAUSE_MS = 10_000;

/** No more trouble: whoever was not heard comes again, what is due is read and brought about, and all is as the store has it. */
export async function settle(members: readonly Member[], isSyncFirst: boolean): Promise<void> {
  const [first] = members;
  if (!first) return;
  const { world } = first;
  for (let round = 0; ; round += 1) {
    for (const member of members) {
      await member.tellAgain();
      if (!isSyncFirst) await member.perform('sign-in');
    }
    const dueAts = dueAtsOf(members);
    if (dueAts.length === 0 && members.every(({ isAllTold }) => isAllTold)) break;
    if (round > ROUNDS_MAX) return first.accuse('it does not come to rest');
    await world.time.sleepTo(Math.max(...dueAts, world.time.now() + PAUSE_MS) + 1);
    await first.performAll(['read', 'sweep']);
  }
  for (const member of members) judge(member);
}

/** When what is owed to them may be done: a reading, or a call to MaiAgent. */
function dueAtsOf(members: readonly Member[]): readonly number[] {
  const pks = new Set(members.flatMap(({ pk, userId }) => [pk, `read#staff#${userId}`]));
  return members[0]!.world
    .rows('Links')
    .filter(({ pk, dueAt }) => pks.has(pk) && dueAt !== undefined)
    .map(({ dueAt = 0, leaseUntil = 0 }) => Math.max(dueAt, leaseUntil));
}

function judge(member: Member): void {
  const { world, userId, pk, state } = member;
  const row = world.link(pk);
  // Somebody of whom there is nothing but a token.
  if (!member.witness.isKnown) return;
  if (!row) {
    if (state) member.accuse('there is no row');
    return;
  }
  if (row.confirmedHash !== row.desiredHash) member.accuse('the row is neither due nor clean');
  if ((row.withheldUntil ?? 0) > world.time.now()) member.accuse('the id is withheld for ever');
  const account = state === undefined ? 'deleted' : state.isEnabled ? 'active' : 'disabled';
  if (row.accountStatus !== account) member.accuse(`${row.accountStatus} and not ${account}`);
  const contacts = world.maiAgent.store.liveContacts.filter(
    (one) => `${world.originOf(one)}~`.startsWith(`${userId}~`) && one.inboxes.includes(inboxId),
  );
  if (account === 'active' && contacts.length === 0) member.accuse('there is no contact');
  for (const { id, name, queryMetadata } of contacts) {
    const isBound = id === row.contactId;
    const role = account === 'active' && isBound ? (state?.role ?? 'nobody') : 'nobody';
    if (!isDeepStrictEqual(queryMetadata, permissionsOf[role]))
      member.accuse(`${isBound ? 'the' : 'an extra'} contact may ${JSON.stringify(queryMetadata)}`);
    if (isBound && name !== (state?.name ?? shell.name)) member.accuse(`the contact is called ${name}`);
    if (account === 'deleted' && name !== shell.name) member.accuse(`somebody deleted is called ${name}`);
  }
}
