import { randomBytes } from 'node:crypto';
import type { StageConfig } from '../../infra/config.ts';
import { type Bridge, startBridge } from '../bridge.ts';
import { whatBecame } from './what-became.ts';
import directories from './directory.json' with { type: 'json' };

type Source = NonNullable<StageConfig['sources']>[number];
export type Directory = Extract<Source, { kind: 'scim' }>;

/**
 * What directories send, one request after the other, with `$user` and `$group` for the ids that they were answered before. Entra ID
 * (Microsoft, "Develop and plan provisioning for a SCIM endpoint"): parts, with truth values as texts. Okta ("SCIM 2.0 Protocol Reference"):
 * the whole user, and groups by push; it never deletes a user.
 */
const steps: Readonly<
  Record<'entra' | 'okta', readonly { readonly says: string; readonly request: string; readonly body?: object }[]>
> = directories;

/** The user's id in the tokens, by the source's declaration. */
const ids: Readonly<Record<string, string>> = {
  externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
  userName: 'sample@corp.example',
};

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
    for (const { says, request, body } of steps[/okta/i.test(source.name) ? 'okta' : 'entra']) {
      const filled = (text: string) => text.replaceAll(/\$(user|group)\b/g, (_, name: string) => known[name] ?? '');
      const [method = '', path = ''] = filled(request).split(' ');
      const { status, id } = await send(bridge, token, method, path, body && filled(JSON.stringify(body)));
      if (method === 'POST' && id !== undefined) known[path === 'Users' ? 'user' : 'group'] = id;
      say(`${says}: ${method} ${path.split('?')[0] ?? ''} → ${status}`);
      say(`  ${await whatBecame(bridge, ids[source.userId ?? ''] ?? ids['externalId'] ?? '')}`);
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
