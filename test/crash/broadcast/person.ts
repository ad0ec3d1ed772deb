import { draft, type Link } from '../../../functions/rules/contacts/link.ts';
import { inboxId } from '../../rigs/real-parts.ts';
import { confirmed, rowOf } from '../../rules/contacts/sample-links.ts';
import { groundSettings, type BroadcastGround } from './ground.ts';

/** A link that has its contact. */
export type Bound = Link & { readonly contactId: string };

const noFields = { name: '', email: '', phoneNumber: '', avatar: '', groups: [], attributes: {} };

/** A contact that has chatted. */
export function addContact(sourceId: string, { emulator: { store } }: BroadcastGround): string {
  const { id } = store.addContact({ sourceId, inboxes: [inboxId] });
  store.addConversation(id);
  return id;
}

/** The link of a user who has signed in and chatted, as the sign-in leaves it; the table does not have it yet. */
export function signedIn(userId: string, roles: readonly string[], ground: BroadcastGround): Bound {
  const { permissions, metadata } = groundSettings;
  const fields = { ...noFields, roles: [...roles] };
  const change = { source: 'api', eventId: 'e', userId, kind: 'create', version: 's:1', fields } as const;
  const next = draft({ kind: 'user', userId }, undefined, change, { permissions, metadata, sources: [] });
  const contactId = addContact(userId, ground);
  return { ...confirmed({ ...rowOf(next), pk: `user#${userId}` }, contactId), contactId };
}
