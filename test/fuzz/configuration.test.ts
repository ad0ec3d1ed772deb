import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identifyEnv, policyOf, syncEnv, userChangedEnv } from '../../functions/env.ts';
import { wrongIn } from '../../functions/lambda.ts';
import { maiAgentPlace, settingsSchema } from '../../functions/settings.ts';
import { keysAddressOf } from '../../functions/rules/sources/keycloak-proof.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { desiredOf } from '../../functions/rules/contacts/desired.ts';
import { checkStage, StageError } from '../../infra/check-stage.ts';
import { settingsOf } from '../../infra/config.ts';
import { sampleStage } from '../infra/sample-stage.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { hostileJson, hostileObject, hostileText, inTime, tries, twisted } from './hostile.ts';

const streamArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Users/stream/2026-01-01T00:00:00.000';
const attributes = { country: 'app_metadata.country' };
const sources = [
  { kind: 'generic', name: 'hr', versions: 'time', fields: { name: ['first', 'last'] } },
  { kind: 'keycloak', name: 'realm', realm: 'staff', proof: { mode: 'hmac', replayMinutes: 20 } },
  {
    kind: 'keycloak',
    name: 'other',
    proof: { mode: 'bearer', issuer: 'https://id.corp.example/realms/a', audience: 'b' },
  },
  { kind: 'auth0', name: 'auth0', userId: 'user_id', fields: { attributes } },
  { kind: 'clerk', name: 'clerk' },
  { kind: 'workos', name: 'directory', users: 'directory', userId: 'idp_id' },
  { kind: 'table', name: 'users', streamArn, version: { path: 'version', counts: 'iso' } },
] as const;

describe('a stage file', () => {
  const good = sampleStage({ sources: sources.map((source) => structuredClone(source)) as never });

  it(
    'is a stage whose settings every job can read, or is refused with lines for its writer, whatever it holds',
    inTime,
    () => {
      let accepted = 0;
      fc.assert(
        fc.property(fc.oneof({ weight: 9, arbitrary: twisted(good) }, hostileJson), (config) => {
          try {
            const settings = settingsOf(checkStage(config), 1);
            accepted += 1;
            expect(settingsSchema.parse(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
          } catch (error) {
            expect(error).toBeInstanceOf(StageError);
            expect((error as Error).message).toMatch(/^stage /);
          }
        }),
        tries(600),
      );
      expect(accepted).toBeGreaterThan(0);
    },
  );
});

describe('settings and variables', () => {
  it('are read or refused, and never thrown at the reader, whatever they hold', inTime, () => {
    const schemas = fc.constantFrom(settingsSchema, sourceSchema);
    const given = fc.oneof(twisted(sampleSettings), ...sources.map(twisted), hostileJson, hostileObject);
    fc.assert(
      fc.property(schemas, given, (schema, value) => {
        const read = schema.safeParse(value);
        if (read.success) expect(schema.parse(read.data)).toEqual(read.data);
        else expect(read.error.issues.length).toBeGreaterThan(0);
      }),
      tries(1_500),
    );
  });

  it('name each variable that is wrong, whatever the variables hold', inTime, () => {
    const all = fc.constantFrom(identifyEnv, userChangedEnv, syncEnv);
    const names = [...new Set([identifyEnv, userChangedEnv, syncEnv].flatMap(Object.keys))];
    const given = fc.dictionary(fc.constantFrom(...names), hostileText);
    fc.assert(
      fc.property(all, given, (variables, values) => {
        const wrong = wrongIn({ ...variables }, values).map((line) => line.replace(/:.*/s, ''));
        const missing = Object.keys(variables).filter((name) => !values[name]);
        expect(wrong).toEqual(expect.arrayContaining(missing));
        expect(Object.keys(variables)).toEqual(expect.arrayContaining(wrong));
      }),
      tries(500),
    );
  });

  it(
    'never leave somebody whom no rule fits with an empty list or nothing, which MaiAgent may read as everything',
    inTime,
    () => {
      fc.assert(
        fc.property(twisted(sampleSettings), (value) => {
          const read = settingsSchema.safeParse(value);
          if (!read.success) return;
          const { queryMetadata } = desiredOf({ kind: 'user', userId: 'a' }, [], policyOf(read.data)).contact;
          expect(JSON.stringify(queryMetadata)).not.toMatch(/\[\]|\{\}|null/);
          expect(queryMetadata).toMatchObject({ knowledge_bases: [expect.anything()] });
        }),
        tries(600),
      );
    },
  );
});

describe('the address of MaiAgent', () => {
  const hosts = [
    'api.maiagent.ai',
    'maiagent.com',
    'api.maiagent.com',
    '127.0.0.1',
    'localhost',
    'localhost.corp.example',
    '[::1]',
    '169.254.169.254',
  ];
  const deps = fc.record({
    scheme: fc.constantFrom('https://', 'http://', 'HTTPS://', 'ftp://', 'file://', 'https:/', '//', ''),
    user: fc.constantFrom('', 'user@', 'user:word@'),
    host: fc.oneof(fc.constantFrom(...hosts), fc.domain(), hostileText),
    rest: fc.constantFrom('', ':443', ':8443', '/', '/api', '?a', '#a', '.', '\\', '@api.maiagent.ai'),
  });

  it(
    'is an https origin or loopback, with nothing after it and no password in it, and never the old host',
    inTime,
    () => {
      fc.assert(
        fc.property(deps, ({ scheme, user, host, rest }) => {
          const read = maiAgentPlace.baseUrl.safeParse(scheme + user + host + rest);
          if (!read.success) return;
          // What is read and used, which has lost the white space around it.
          const { origin, protocol, hostname, username, password } = new URL(read.data);
          expect([origin, username, password]).toEqual([read.data, '', '']);
          expect(protocol === 'https:' || ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)).toBe(true);
          expect(hostname).not.toMatch(/(^|\.)maiagent\.com\.?$/);
        }),
        tries(2_000),
      );
    },
  );
});

describe('the declaration of a source', () => {
  it('never takes who somebody is, or what somebody may do, from what users write themselves', inTime, () => {
    const open = { auth0: 'user_metadata', clerk: 'unsafe_metadata' } as const;
    const place = fc.constantFrom('userId', 'roles', 'groups', 'attribute');
    const rest = fc.oneof(
      fc.constant(''),
      hostileText.map((text) => `.${text}`),
    );
    fc.assert(
      fc.property(fc.constantFrom('auth0', 'clerk'), place, rest, (kind, where, more) => {
        const path = open[kind] + more;
        const fields = where === 'attribute' ? { attributes: { a: path } } : { [where]: path };
        const declaration = { kind, name: 'store', ...(where === 'userId' ? { userId: path } : { fields }) };
        expect(sourceSchema.safeParse(declaration).success).toBe(false);
      }),
      tries(300),
    );
  });

  it('names an address for its keys that can be asked, where it has one', inTime, () => {
    const bearer = sources[2];
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), hostileText), (issuer) => {
        const read = sourceSchema.safeParse({ ...bearer, proof: { ...bearer.proof, issuer } });
        if (read.success) expect(() => new URL(keysAddressOf(issuer))).not.toThrow();
      }),
      tries(500),
    );
  });

  it.each(['http://id.corp.example/realms/a', 'ftp://id.corp.example/', 'file:///realms/a'])(
    'never fetches its keys from %s, where somebody on the way could put others in their place',
    (issuer) => {
      const bearer = sources[2];
      expect(sourceSchema.safeParse({ ...bearer, proof: { ...bearer.proof, issuer } }).success).toBe(false);
    },
  );
});
