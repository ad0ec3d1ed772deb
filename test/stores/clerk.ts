import type { Happening } from './people.ts';

/**
 * What a webhook of Clerk tells (clerk.com/docs, "Webhooks", "Sync Clerk data"): the whole user with the metadata, where roles stand; of
 * an organization only that somebody is or was a member.
 */
export function clerkEvent({ kind, person, about, number, atMs }: Happening): object {
  const event = (type: string, data: object) => ({
    object: 'event',
    type,
    timestamp: atMs,
    data,
    instance_id: 'ins_1',
  });
  if (kind === 'join' || kind === 'leave')
    return event(`organizationMembership.${kind === 'join' ? 'created' : 'deleted'}`, {
      id: `orgmem_${number}`,
      organization: { id: `org_${about}`, slug: about },
      public_user_data: { user_id: person.id },
      updated_at: atMs,
    });
  if (kind === 'delete') return event('user.deleted', { id: person.id, object: 'user', deleted: true });
  return event(kind === 'create' ? 'user.created' : 'user.updated', {
    id: person.id,
    object: 'user',
    first_name: person.name,
    last_name: null,
    banned: !person.isEnabled,
    locked: false,
    public_metadata: { roles: person.roles },
    updated_at: atMs,
  });
}
