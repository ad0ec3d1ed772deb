import type { SQSRecord } from 'aws-lambda';
import { createHash, createHmac } from 'node:crypto';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { Auth0Server, auth0Event } from '../stores/auth0.ts';
import { CognitoServer, cognitoEvent } from '../stores/cognito.ts';
import { People, type Happening } from '../stores/people.ts';
import type { StoreServer } from '../stores/store-server.ts';
import { WorkosServer, workosEvent } from '../stores/workos.ts';
import { ChangeRig } from './change-rig.ts';
import { permissions } from './read-store-rig.ts';
import { startDeps, type RealDeps } from './real-parts.ts';
import { sampleSettings } from './sample-settings.ts';

const key = (seed: string) => createHash('sha256').update(`a sample of ${seed}`).digest('hex');
const userPoolId = 'ap-northeast-1_Sample000';
const bus = 'aws.partner/auth0.com/corp-00000000-0000-4000-8000-000000000000/auth0.events';

/** How one vendor's store is declared, asked and heard. */
interface Vendor {
  readonly server: (people: People) => StoreServer;
  readonly declaration: (origin: string) => object;
  readonly event: (happening: Happening) => object | undefined;
  /** By what the events come: the headers of a webhook, or EventBridge. */
  readonly by: 'bus' | ((text: string, nowMs: number) => Record<string, string>);
  readonly secrets: Readonly<Record<string, readonly string[]>>;
  /** What part of a request's path or query reads the user alone, and the second page of what belongs to the user. */
  readonly paths: { readonly user: string; readonly list: string; readonly second: string };
  /** Whether the store disables its users. */
  readonly disables: boolean;
}

const workos = (users: 'directory' | 'workos', paths: Vendor['paths'], fields: object): Vendor => ({
  server: (people) => new WorkosServer(people, key('api')),
  declaration: (baseUrl) => ({
    kind: 'workos',
    users,
    read: { baseUrl, ...(users === 'directory' && { directory: 'directory_sample' }) },
    fields,
  }),
  event: (happening) => workosEvent(users, happening),
  by(text, nowMs) {
    const v1 = createHmac('sha256', key('workos')).update(`${nowMs}.${text}`).digest('hex');
    return { 'workos-signature': `t=${nowMs}, v1=${v1}` };
  },
  secrets: { staff: [key('workos')], 'staff.read': ['an older key of WorkOS', key('api')] },
  paths,
  disables: users === 'directory',
});

const auth0: Vendor = {
  server: (people) => new Auth0Server(people, { id: 'bridge', secret: key('client') }),
  declaration: (domain) => ({
    kind: 'auth0',
    read: { domain, clientId: 'bridge', organizations: true },
    fields: { roles: 'roles', groups: 'organizations' },
  }),
  event: auth0Event,
  by: () => ({ authorization: `Bearer ${key('auth0')}` }),
  secrets: { staff: [key('auth0')], 'staff.read': [key('former client'), key('client')] },
  paths: { user: '/users/', list: '/organizations', second: 'organizations?page=1' },
  disables: true,
};

export const vendors = {
  'Auth0 by webhook': auth0,
  'Auth0 by EventBridge': {
    ...auth0,
    declaration: (domain) => ({ ...auth0.declaration(domain), bus }),
    event(happening) {
      const detail = auth0Event(happening);
      return detail && { id: `bridge-${happening.number}`, 'detail-type': 'user', source: bus, detail };
    },
    by: 'bus',
  },
  "a directory of WorkOS'": workos(
    'directory',
    { user: '/directory_users/', list: '/directory_groups', second: 'after=' },
    { groups: 'groups' },
  ),
  "WorkOS' own users": workos(
    'workos',
    { user: '/users/', list: '/organization_memberships', second: 'after=' },
    { groups: 'organizations' },
  ),
  Cognito: {
    server: (people) => new CognitoServer(people, userPoolId),
    declaration: (endpoint) => ({ kind: 'cognito', read: { userPoolId, endpoint } }),
    event: (happening) => cognitoEvent(userPoolId, happening),
    by: 'bus',
    secrets: {},
    paths: { user: '/AdminGetUser', list: '/AdminListGroupsForUser', second: 'NextToken' },
    disables: true,
  },
} satisfies Record<string, Vendor>;
export type VendorName = keyof typeof vendors;

/** A vendor's store that is read, with the jobs that read it, over real parts. */
export interface VendorStore {
  readonly vendor: Vendor;
  readonly real: RealDeps;
  readonly rig: ChangeRig;
  readonly people: People;
  readonly server: StoreServer;
  /** Brings an event as the vendor would; `undefined` for what the vendor does not tell. */
  tell(event: object | undefined): Promise<void>;
  sweep(): Promise<unknown>;
  close(): Promise<unknown>;
}

export async function startVendorStore(name: VendorName): Promise<VendorStore> {
  const vendor: Vendor = vendors[name];
  const people: People = new People(() => real.clock.now());
  const server = await vendor.server(people).start();
  const source = sourceSchema.parse({ name: 'staff', ...vendor.declaration(server.origin) });
  const claims = { ...sampleSettings.claims, attributes: {} };
  const settings = { ...sampleSettings, permissions, claims, sources: [source] };
  const real = await startDeps({ settings });
  const rig = new ChangeRig(real, settings);
  rig.otherSecrets = vendor.secrets;
  let messages = 0;
  async function tell(event: object | undefined): Promise<void> {
    if (!event) return;
    const text = JSON.stringify(event);
    if (vendor.by === 'bus') {
      const message = { messageId: `message-${(messages += 1)}`, eventSource: 'aws:sqs', body: text } as SQSRecord;
      const answer = await rig.hear({ Records: [message] });
      if (JSON.stringify(answer) !== '{"batchItemFailures":[]}') throw new Error('the message was not taken');
      return;
    }
    const headers = vendor.by(text, real.clock.now());
    const { status } = await rig.webhook(text, { parameters: { source: 'staff' }, headers });
    if (status !== 202) throw new Error(`the webhook answered ${status}`);
  }
  return {
    vendor,
    real,
    rig,
    people,
    server,
    tell,
    sweep: () => rig.hear({ reads: true }),
    close: () => Promise.all([real.close(), server.close()]),
  };
}
