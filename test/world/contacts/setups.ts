import { inboxId } from '../../rigs/real-parts.ts';
import { isClaim } from '../boundaries.ts';
import type { Act, Person } from './person.ts';
import { permissionsOf } from './truth.ts';

/** How a user stands when a story begins. */
export type Setup = keyof typeof before;

const changed: Act[] = ['told-created', 'sync', 'told-updated', 'sync'];
const before = {
  /** Nobody has heard of the user. */
  stranger: [],
  /** The same, for whom somebody made a contact by hand, which has no `sourceId`. */
  'made by hand': [],
  /** The same, and MaiAgent will refuse to let anybody have it. */
  'kept by MaiAgent': [],
  /** MaiAgent has the user's contact already, with an old name and wide permissions; the bridge has no link. */
  known: [],
  /** Known by tokens alone. */
  'token member': ['sign-in'],
  /** Known by the back end alone. */
  'back-end member': ['put-created'],
  member: ['told-created', 'sync'],
  /** A member who has signed in, and so has been given an id. */
  'signed-in member': ['told-created', 'sync', 'sign-in'],
  /** A member who has a conversation, so that MaiAgent refuses to delete the contact. */
  talker: ['told-created', 'sync'],
  /** A member of whom something new was told that MaiAgent has not heard yet. */
  changed: ['told-created', 'sync', 'told-updated'],
  /** A member of whom something was told and then taken back: the link is due, and MaiAgent has what is wanted. */
  'changed back': ['told-created', 'sync', 'told-updated', 'told-updated-back'],
  /** Members of whom MaiAgent has yet to hear that they were disabled, deleted, or deleted and created again. */
  'to be disabled': ['told-created', 'sync', 'told-disabled'],
  'to be deleted': ['told-created', 'sync', 'told-deleted'],
  'to be recreated': ['told-created', 'sync', 'told-deleted', 'told-created'],
  disabled: ['told-created', 'sync', 'told-disabled', 'sync'],
  deleted: ['told-created', 'sync', 'told-deleted', 'sync'],
  /** A member whose contact somebody deleted at MaiAgent. */
  vanished: ['told-created', 'sync'],
  /** A member whose contact somebody edited at MaiAgent. */
  edited: ['told-created', 'sync'],
  'vanished, changed': ['told-created', 'sync', 'told-updated'],
  /** A member who has other permissions than staff, and whose are the same under the next settings. */
  partner: changed,
  /** Written and confirmed by functions of the deployment before, after the first pass had read the page. */
  'written late': [...changed, 'deploy', 'sweep', 'earlier-told-updated-back', 'earlier-sync', 'half-an-hour'],
  /** A member of whom MaiAgent has a second contact, which somebody made by hand. */
  doubled: ['told-created', 'sync'],
  /** A member who has been here as a visitor, and has written something then. */
  'visited member': ['told-created', 'sync', 'visit'],
} satisfies Record<string, Act[]>;

const otherInboxId = '8d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a02';

/** Brings a new user there, without faults. Around everyone are contacts that look alike and are somebody else's. */
export async function setUp(setup: Setup, person: Person): Promise<void> {
  const { userId, world } = person;
  const { store } = world.maiAgent;
  const queryMetadata = permissionsOf.staff;
  store.addContact({ sourceId: `x${userId}`, name: userId, inboxes: [inboxId], queryMetadata });
  store.addContact({ sourceId: userId, name: 'token 1', inboxes: [otherInboxId], queryMetadata });
  store.addContact({ sourceId: null, name: userId, inboxes: [inboxId], queryMetadata });
  if (setup === 'known') store.addContact({ sourceId: userId, name: 'Old name', inboxes: [inboxId], queryMetadata });
  if (setup === 'made by hand' || setup === 'kept by MaiAgent')
    person.madeByHand = store.addContact({ sourceId: null, name: 'By hand', inboxes: [inboxId], queryMetadata }).id;
  if (setup === 'kept by MaiAgent')
    world.mood = (request, send) =>
      isClaim(request)
        ? Promise.resolve({ kind: 'reply', status: 400, headers: {}, body: '{"inboxes":["Not this one."]}' })
        : send(request);
  await person.performAll(before[setup]);
  const own = store.liveContacts.find((one) => one.sourceId === userId && one.inboxes.includes(inboxId));
  if (setup === 'talker' && own) store.addConversation(own.id);
  const { contactId } = (setup === 'visited member' && person.visitor) || {};
  if (contactId !== undefined) store.addConversation(contactId);
  if (setup === 'doubled') store.addContact({ sourceId: userId, name: 'By hand', inboxes: [inboxId], queryMetadata });
  person.isTouchedByOthers = setup.startsWith('vanished') || setup === 'edited' || setup === 'doubled';
  if (setup === 'edited' && own) store.change(own, { name: 'Edited by hand' });
  if (setup.startsWith('vanished') && own) {
    own.deletedAt = world.time.now();
    person.witness.deletedByOthers.add(own.id);
  }
}
