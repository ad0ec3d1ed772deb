import { draft } from '../../../functions/rules/link.ts';
import { inboxId } from '../../real-parts.ts';
import { confirmed, rowOf } from '../../rules/sample-links.ts';
import { groundSettings, putLinks, type BroadcastGround } from './ground.ts';

const noFields = { name: '', email: '', phoneNumber: '', avatar: '', roles: [], groups: [], attributes: {} };

/** Makes users who have signed in and chatted, as their sign-ins leave them. Answers their links, which have their contacts. */
export async function makeRecipients(userIds: readonly string[], ground: BroadcastGround) {
  const { permissions, metadata } = groundSettings;
  const { store } = ground.emulator;
  const links = userIds.map((userId) => {
    const { id: contactId } = store.addContact({ sourceId: userId, inboxes: [inboxId] });
    store.addConversation(contactId);
    const change = { source: 'api', eventId: 'e', userId, kind: 'create', version: 's:1', fields: noFields } as const;
    const next = draft({ kind: 'user', userId }, undefined, change, { permissions, metadata, sources: [] });
    return { ...confirmed({ ...rowOf(next), pk: `user#${userId}` }, contactId), contactId };
  });
  await putLinks(links, ground);
  return links;
}
