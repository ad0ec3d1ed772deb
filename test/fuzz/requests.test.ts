import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpHandler } from '../../functions/http.ts';
import { DynamoAudienceLinks } from '../../functions/io/broadcasts/audience-links.ts';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { httpSender } from '../../functions/io/https.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { manage } from '../../functions/manage.ts';
import { outages, refusals } from '../../functions/rules/failure.ts';
import { parseBody, readBody } from '../../functions/rules/http/request-body.ts';
import { keysOf, routes, type Route } from '../../functions/rules/http/routes.ts';
import { deletionOf, readUpdate } from '../../functions/rules/contacts/user-body.ts';
import { deletionBodySchema, userBodySchema, visitorBodySchema } from '../../functions/rules/body-schemas.ts';
import { parseVersion } from '../../functions/rules/contacts/version.ts';
import { call, type SampleRequest } from '../rigs/gateway-event.ts';
import { inboxId, startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { canary, hostileJson, hostileText, inTime, nearlyJson, swiftly, tries, twisted } from './hostile.ts';
import { expectChange, expectRefusal } from './laws.ts';
import { secretFree } from './secret-free.ts';

const nowMs = Date.parse('2026-11-20T10:00:00.000Z');
const user = {
  version: 7,
  name: 'Sample Member',
  email: 'member@corp.example',
  phoneNumber: '+886912345678',
  avatar: 'https://corp.example/a.png',
  roles: ['staff'],
  groups: ['sales'],
  attributes: { country: 'JP' },
  status: 'active',
  create: true,
};
const broadcast = {
  message: 'Hello',
  audience: {
    kind: 'users',
    userIds: ['sample-member'],
    except: { userIds: [] },
    where: { roles: ['staff'], attributes: {} },
  },
  schedule: { kind: 'cron', cron: '0 9 ? * MON-FRI *', timeZone: 'Asia/Taipei', end: '2027-12-31T00:00:00' },
  latenessMinutes: 60,
};
const bodies = nearlyJson(
  fc.oneof(
    { weight: 6, arbitrary: twisted(user) },
    twisted({ version: '2026-01-01T00:00:00Z' }),
    twisted({ visitorToken: 'a.b.c' }),
    { weight: 3, arbitrary: twisted(broadcast) },
    twisted({ ...broadcast, schedule: { kind: 'rate', rate: '7 days' } }),
    twisted({ ...broadcast, schedule: { kind: 'at', at: '2027-03-28T02:30:00', timeZone: 'Europe/Paris' } }),
    hostileJson,
  ),
);
const contentTypes = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('application/json', 'Application/JSON ; charset=utf-8') },
  hostileText,
);

/** Runs a reader; whatever it throws has to be a refusal. */
function refusedOr<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    expectRefusal(error);
    return undefined;
  }
}

describe('the body of a request', () => {
  it('is read as its schema says, or refused without repeating it, whatever it is', inTime, async () => {
    const schemas = fc.constantFrom(userBodySchema, deletionBodySchema, visitorBodySchema);
    await fc.assert(
      fc.asyncProperty(schemas, bodies, fc.boolean(), contentTypes, async (schema, text, isBase64, contentType) => {
        const body = isBase64 ? Buffer.from(text).toString('base64') : text;
        const read = await swiftly(() =>
          refusedOr(() => readBody(schema, parseBody({ text: body, isBase64, contentType }))),
        );
        if (read !== undefined) expect(schema.parse(read)).toEqual(read);
      }),
      tries(2_000),
    );
  });

  it('of a user or a deletion becomes a change that the links table can keep, or is refused', inTime, () => {
    const version = fc.oneof(hostileText, fc.double(), fc.nat());
    const counted = { source: 'api', deleted: parseVersion('9'.repeat(40)) ?? '' };
    fc.assert(
      fc.property(
        version,
        fc.constantFrom('active', 'disabled', undefined),
        fc.boolean(),
        (written, status, create) => {
          const body = readBody(userBodySchema, { create, ...(status && { status }) });
          const change = refusedOr(() => readUpdate({ ...body, version: written }, nowMs).changeOf(undefined));
          if (change) expectChange(change, 'api', nowMs);
          const deletion = refusedOr(() => deletionOf({ version: written }, nowMs)([counted]));
          if (deletion) expectChange(deletion, 'api', nowMs);
        },
      ),
      tries(1_000),
    );
  });
});

describe('a request to any route', () => {
  let real: RealDeps;
  let jobs: Record<string, HttpHandler>;
  beforeAll(async () => {
    real = await startDeps();
    jobs = jobsOver(real);
  });
  afterAll(() => real.close());

  // What senders of changes send has a file of its own.
  const keys = fc.constantFrom(...[routes.identify, routes.manage].flatMap(Object.values<Route>).flatMap(keysOf));
  const query = fc.dictionary(fc.oneof(fc.constantFrom('page', 'keyword', 'from', 'run'), hostileText), hostileText, {
    maxKeys: 3,
  });
  const headers = fc.dictionary(
    fc.constantFrom('content-type', 'authorization', 'if-none-match', 'accept', 'cookie'),
    hostileText,
    { maxKeys: 2 },
  );
  const requests: fc.Arbitrary<SampleRequest> = fc.record({
    routeKey: keys,
    rawBody: fc.oneof(bodies, fc.constant('{}')),
    parameters: fc.record({
      broadcastId: fc.oneof(fc.uuid(), hostileText),
      source: hostileText,
      userId: fc.oneof(fc.constantFrom('sample-member', canary), hostileText),
    }),
    query,
    headers: fc.oneof(fc.constant({}), headers),
    path: hostileText.map((text) => `/${text}`),
    claims: fc.oneof(fc.constant({ sub: 'sample-member' }), fc.record({ sub: hostileText, name: hostileText })),
  });
  const statuses = new Set<number>([
    200,
    201,
    202,
    204,
    304,
    ...Object.values({ ...refusals, ...outages }).map(([status]) => status),
  ]);

  it(
    'gets an answer that the API documents and never an error of ours, and neither log nor problem repeats it',
    inTime,
    async () => {
      await fc.assert(
        fc.asyncProperty(requests, async (request) => {
          const { status, body, headers } = await swiftly(() => call(jobs[request.routeKey]!, request));
          expect(statuses).toContain(status);
          if (status >= 400) {
            expect(headers['content-type']).toBe('application/problem+json');
            expect(body).toMatchObject({ status, code: expect.any(String), requestId: 'sample-request' });
            secretFree(body, [canary]);
          }
          secretFree(real.lines.splice(0).join('\n'), [canary]);
        }),
        tries(250),
      );
    },
  );
});

/** Both jobs that have routes, each under its own. */
function jobsOver(real: RealDeps): Record<string, HttpHandler> {
  const { table, clock, emulator, lines } = real;
  const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  const key = cachedSecret(() => Promise.resolve(emulator.apiKey), Date.now);
  const contacts = new HttpContactApi(maiAgent, key, httpSender(), clock);
  const links = new DynamoLinkTable(table.client, 'Links', clock);
  const broadcasts = new DynamoBroadcastTable(table.client, 'Broadcasts', 'Links');
  const audience = new DynamoAudienceLinks(table.client, 'Links');
  const log = jsonLog('manage', (line) => void lines.push(line));
  const deps = { settings: sampleSettings, links, broadcasts, audience, contacts, clock, description: '{}', log };
  const jobs = { identify: real.job(), manage: manage(deps) };
  const served = (['identify', 'manage'] as const).flatMap((name) =>
    Object.values<Route>(routes[name]).flatMap((route) => keysOf(route).map((key) => [key, jobs[name]] as const)),
  );
  return Object.fromEntries(served);
}
