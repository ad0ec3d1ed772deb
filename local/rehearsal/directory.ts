import { randomBytes } from 'node:crypto';
import type { StageConfig } from '../../infra/config.ts';
import { type Bridge, startBridge } from '../bridge.ts';
import { whatBecame } from './what-became.ts';

type Source = NonNullable<StageConfig['sources']>[number];
export type Directory = Extract<Source, { kind: 'scim' }>;

/** One request of a directory; `$user` and `$group` stand for the ids that it was answered before. */
interface Step {
  readonly says: string;
  readonly request: string;
  readonly body?: object;
}

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const userName = 'sample@corp.example';
const externalId = '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef';
const lookup = {
  says: 'looks for the user',
  request: `GET Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`,
};
const create = (changes: object): Step => ({
  says: 'created',
  request: 'POST Users',
  body: { schemas: [USER], userName, externalId, displayName: 'First', active: true, ...changes },
});
const group = { says: 'a group', request: 'POST Groups', body: { schemas: [GROUP], displayName: 'engineering' } };
const patch = (says: string, at: string, ...Operations: object[]): Step => ({
  says,
  request: `PATCH ${at}`,
  body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations },
});

/** What Entra ID sends (Microsoft, "Develop and plan provisioning for a SCIM endpoint"): parts, with truth values as texts. */
const entra: readonly Step[] = [
  lookup,
  create({ emails: [{ primary: true, type: 'work', value: userName }] }),
  patch('renamed', 'Users/$user', { op: 'Replace', path: 'displayName', value: 'Second' }),
  group,
  patch('joined the group', 'Groups/$group', { op: 'Add', path: 'members', value: [{ $ref: null, value: '$user' }] }),
  patch('left the group', 'Groups/$group', { op: 'Remove', path: 'members', value: [{ $ref: null, value: '$user' }] }),
  patch('disabled', 'Users/$user', { op: 'Replace', path: 'active', value: 'False' }),
  patch('enabled', 'Users/$user', { op: 'Replace', path: 'active', value: 'True' }),
  { says: 'deleted', request: 'DELETE Users/$user' },
];

const replace = (says: string, changes: object): Step => ({
  ...create({ displayName: 'Second', ...changes }),
  says,
  request: 'PUT Users/$user',
});

/** What Okta sends ("SCIM 2.0 Protocol Reference"): the whole user, and groups by push. It never deletes a user. */
const okta: readonly Step[] = [
  lookup,
  create({}),
  replace('renamed', {}),
  { ...group, says: 'a group is pushed with the user', body: { ...group.body, members: [{ value: '$user' }] } },
  patch('left the group', 'Groups/$group', { op: 'remove', path: 'members[value eq "$user"]' }),
  replace('disabled', { active: false }),
  replace('enabled', { active: true }),
];

/** The user's id in the tokens, by the source's declaration. */
const ids: Readonly<Record<string, string>> = { externalId, userName };

/** Sends one cycle of a directory to a bridge of its own and says what became of it: Okta's for a source so named, else Entra ID's. */
export async function rehearseDirectory(source: Directory, say: (line: string) => void): Promise<void> {
  const token = randomBytes(48).toString('base64');
  const bridge = await startBridge({
    port: 0,
    sources: [{ ...source, name: 'rehearsed' }],
    sourceSecrets: { rehearsed: [token] },
    quiet: true,
  });
  try {
    const known: Record<string, string> = {};
    for (const { says, request, body } of /okta/i.test(source.name) ? okta : entra) {
      const filled = (text: string) => text.replaceAll(/\$(user|group)\b/g, (_, name: string) => known[name] ?? '');
      const [method = '', path = ''] = filled(request).split(' ');
      const { status, id } = await send(bridge, token, method, path, body && filled(JSON.stringify(body)));
      if (method === 'POST' && id !== undefined) known[path === 'Users' ? 'user' : 'group'] = id;
      say(`${says}: ${method} ${path.split('?')[0] ?? ''} → ${status}`);
      say(`  ${await whatBecame(bridge, ids[source.userId ?? 'externalId'] ?? externalId)}`);
    }
  } finally {
    await bridge.close();
  }
}

async function send({ url }: Bridge, token: string, method: string, path: string, body: string | undefined) {
  const response = await fetch(`${url}/scim/v2/rehearsed/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const { id } = (text === '' ? {} : JSON.parse(text)) as { id?: string };
  return { status: response.status, id };
}
