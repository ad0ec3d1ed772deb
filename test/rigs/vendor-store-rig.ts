import type { SQSRecord } from 'aws-lambda';
import { createHash, createHmac } from 'node:crypto';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { Auth0Server, auth0Event } from '../stores/auth0.ts';
import { clerkEvent } from '../stores/clerk.ts';
import { CognitoServer, cognitoEvent } from '../stores/cognito.ts';
import { People, type Happening } from '../stores/people.ts';
import { StoreServer } from '../stores/store-server.ts';
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
  /** Whether an id that was deleted may be given again. */
  readonly repeatsIds?: boolean;
  /** Whether the token tells the groups, where nobody reads the store. */
  readonly hasTokenGroups?: boolean;
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
  repeatsIds: true,
};

/** Of a store that is not read. */
class NoApi extends StoreServer {
  protected readonly elsewhere = { status: 404, body: {} };
  protected respond = () => this.elsewhere;
}

const standardKey = Buffer.from(key('standard'), 'hex');
const standardSecret = `whsec_${standardKey.toString('base64')}`;

/** Signed as Standard Webhooks are, and Svix for Clerk, whose names for the headers are tested with the proof. */
function standard(text: string, nowMs: number): Record<string, string> {
  const [id, time] = [createHash('sha256').update(text).digest('hex'), String(Math.floor(nowMs / 1000))];
  const mac = createHmac('sha256', standardKey).update(`${id}.${time}.${text}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${mac}` };
}

function genericEvent({ kind, person, atMs }: Happening): object {
  const at = new Date(atMs).toISOString();
  const types = { create: 'created', delete: 'deleted', disable: 'disabled', enable: 'enabled' } as const;
  const type = kind in types ? types[kind as keyof typeof types] : 'updated';
  const { id: userId, name, roles, groups } = person;
  const fields = type === 'created' || type === 'updated' ? { name, roles, groups } : {};
  return { type: `user.${type}`, timestamp: at, data: { userId, version: at, ...fields } };
}

const unread = { server: () => new NoApi(), paths: { user: '', list: '', second: '' }, disables: true } as const;

/** Stores that tell everything themselves, or leave it to the token. */
const toldVendors = {
  Clerk: {
    ...unread,
    declaration: () => ({ kind: 'clerk', fields: { groups: false } }),
    event: clerkEvent,
    by: standard,
    secrets: { staff: [standardSecret] },
    hasTokenGroups: true,
  },
  'the generic source': {
    ...unread,
    declaration: () => ({ kind: 'generic' }),
    event: genericEvent,
    by: standard,
    secrets: { staff: [standardSecret] },
    repeatsIds: true,
  },
} satisfies Record<string, Vendor>;

/** Stores that are read. */
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
export const allVendors: Readonly<Record<string, Vendor>> = { ...vendors, ...toldVendors };

/** A vendor's store, with the jobs that hear and read it, over real parts. */
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

export async function startVendorStore(name: string): Promise<VendorStore> {
  const found = allVendors[name];
  if (!found) throw new Error(`${name} is no vendor`);
  const vendor: Vendor = found;
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
