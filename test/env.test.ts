import { describe, expect, it } from 'vitest';
import { identifyEnv } from '../functions/env.ts';
import { wrongIn } from '../functions/lambda.ts';
import { maiAgentPlace, settingsSchema } from '../functions/settings.ts';
import { sourceSchema } from '../functions/rules/sources/source.ts';
import { sampleSettings } from './rigs/sample-settings.ts';

const refusedOrigins: readonly (readonly [why: string, origin: unknown])[] = [
  ['plain http to another machine', 'http://api.maiagent.ai'],
  ['plain http to a name that begins like loopback', 'http://127.0.0.1.corp.example'],
  ['plain http to a name that ends like loopback', 'http://corp.localhost'],
  ['another scheme to loopback', 'ftp://127.0.0.1'],
  ['maiagent.com', 'https://maiagent.com'],
  ['a host of maiagent.com', 'https://api.maiagent.com'],
  ['maiagent.com with the dot of the root', 'https://api.maiagent.com.'],
  ['maiagent.com with two dots of the root', 'https://api.maiagent.com..'],
  ['maiagent.com with a port', 'https://api.maiagent.com:8443'],
  ['a path after the origin', 'https://api.maiagent.ai/api/v1'],
  ['a slash after the origin', 'https://api.maiagent.ai/'],
  ['a query', 'https://api.maiagent.ai?x=1'],
  ['a user before the host', 'https://user@api.maiagent.ai'],
  ['capital letters', 'https://API.maiagent.ai'],
  ['the default port spelled out', 'https://api.maiagent.ai:443'],
  ['a host alone', 'api.maiagent.ai'],
  ['nothing', ''],
  ['no text', 7],
];

describe('the origin of MaiAgent', () => {
  it.each([
    'https://api.maiagent.ai',
    'https://chat.corp.example',
    'https://api.corp.example:8443',
    'http://127.0.0.1:4010',
    'http://localhost:4010',
    'http://[::1]:4010',
    'https://notmaiagent.com',
    'https://maiagent.com.corp.example',
  ])('may be %s', (origin) => {
    expect(maiAgentPlace.baseUrl.safeParse(origin).success).toBe(true);
  });

  it.each(refusedOrigins)('is refused as %s', (_, origin) => {
    expect(maiAgentPlace.baseUrl.safeParse(origin).success).toBe(false);
  });

  it('is refused with a sentence that says what is wrong', () => {
    const issue = maiAgentPlace.baseUrl.safeParse('https://api.maiagent.com').error?.issues[0];
    expect(issue?.message).toContain('https://api.maiagent.ai');
  });
});

describe('identifyEnv', () => {
  const valid = {
    LINKS_TABLE: 'Links',
    MAIAGENT_BASE_URL: 'https://api.maiagent.ai',
    MAIAGENT_API_PREFIX: '/api/v1',
    MAIAGENT_INBOX_ID: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01',
    MAIAGENT_API_KEY_SECRET: 'key',
    VISITOR_SIGNING_SECRET: 'signing',
  };

  const wrong = (changes: Record<string, string | undefined> = {}) =>
    wrongIn({ ...identifyEnv }, { ...valid, ...changes });

  it('takes its variables, and does not mind the others of a Lambda', () => {
    expect(wrong({ AWS_REGION: 'us-east-1' })).toEqual([]);
    expect(wrong({ MAIAGENT_API_PREFIX: '/api' })).toEqual([]);
  });

  it.each(Object.keys(valid))('refuses to go without %s', (name) => {
    expect(wrong({ [name]: undefined })).toEqual([`${name}: is missing`]);
    expect(wrong({ [name]: '' })).toEqual([`${name}: is missing`]);
  });

  it.each(['/api/v1/', 'api/v1', '/api/v2', '/'])('refuses the prefix %s', (prefix) => {
    expect(wrong({ MAIAGENT_API_PREFIX: prefix })).toEqual(['MAIAGENT_API_PREFIX: must be /api/v1 or /api']);
  });

  it.each(['one', '7D0C1E52-2F6F-4A43-9C55-0B8F6C0F1A01', '7d0c1e522f6f4a439c550b8f6c0f1a01'])(
    'refuses the inbox %s, because ids are compared as texts',
    (id) => {
      expect(wrong({ MAIAGENT_INBOX_ID: id })).toEqual(['MAIAGENT_INBOX_ID: must be a UUID in small letters']);
    },
  );

  it.each(refusedOrigins)('refuses to send the API key to %s', (_, origin) => {
    expect(wrong({ MAIAGENT_BASE_URL: String(origin) })).toHaveLength(1);
  });

  it('never repeats what a variable holds, which may be a secret', () => {
    expect(wrong({ MAIAGENT_BASE_URL: 'http://canary-word.example' }).join()).not.toContain('canary-word');
  });
});

const sourceNamed = (name: string) => sourceSchema.parse({ kind: 'generic', name });

describe('settingsSchema', () => {
  it('takes the sample', () => {
    expect(settingsSchema.parse(sampleSettings)).toEqual(sampleSettings);
  });

  it.each<[why: string, path: string, changes: object]>([
    ['a lease shorter than a second', 'leaseMs', { leaseMs: 999 }],
    ['a send budget longer than a call of API Gateway', 'sendBudgetMs', { sendBudgetMs: 20_001 }],
    ['a negative number of visitors', 'visitorsPerHour', { visitorsPerHour: -1 }],
    ['half a visitor', 'visitorsPerHour', { visitorsPerHour: 1.5 }],
    ['a source with a space', 'sources.0.name', { sources: [{ kind: 'generic', name: 'user store' }] }],
    ['two sources of one name', 'sources', { sources: [sourceNamed('users'), sourceNamed('users')] }],
    ['another way to clear a field', 'clearWith', { clearWith: 'undefined' }],
    ['permissions without none', 'permissions.none', { permissions: { rules: [] } }],
    ['an unknown setting', '', { lease: 1000 }],
  ])('refuses %s, and says where: %j', (_, path, changes) => {
    const { error } = settingsSchema.safeParse({ ...sampleSettings, ...changes });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  const { webChat } = sampleSettings;
  const withPage = (changes: object) => settingsSchema.shape.webChat.safeParse({ ...webChat, ...changes }).success;

  it.each([
    'https://chat.corp.example/js/embed.min.js',
    'http://localhost:3000/a',
    'http://127.0.0.1/',
    'http://[::1]:1/',
  ])('lets a page load %s', (url) => {
    expect([withPage({ baseUrl: url }), withPage({ scriptUrl: url })]).toEqual([true, true]);
  });

  it.each([
    'http://chat.maiagent.ai/js/embed.min.js',
    'http://localhost.corp.example/',
    'javascript:alert(1)',
    'data:text/javascript,alert(1)',
    'ftp://localhost/',
    'https:chat.maiagent.ai',
    'https://user:word@chat.maiagent.ai/',
    '//chat.maiagent.ai/',
    '',
  ])('lets no page load %j', (url) => {
    expect([withPage({ baseUrl: url }), withPage({ scriptUrl: url })]).toEqual([false, false]);
  });
});
