import * as fc from 'fast-check';
import { afterEach, expect, describe, it } from 'vitest';
import { documentOf, operationsIn, patched } from '../../functions/rules/scim/document.ts';
import { projected, shown } from '../../functions/rules/scim/answer.ts';
import { ScimFailure } from '../../functions/rules/scim/failure.ts';
import { equalTo, readFilter } from '../../functions/rules/scim/filter.ts';
import { isOfMembers, memberChange, withoutMembers } from '../../functions/rules/scim/members.ts';
import { tellingsOf, type Resource } from '../../functions/rules/scim/resource.ts';
import { scimSourceSchema } from '../../functions/rules/scim/source.ts';
import { hostileJson, hostileText, inTime, nearlyJson, swiftly, tries, twisted } from './hostile.ts';

const source = scimSourceSchema.parse({ kind: 'scim', name: 'entra', userId: 'userName' });
const user = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: 'member@corp.example',
  externalId: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01',
  active: true,
  name: { givenName: 'Sample', familyName: 'Member' },
  emails: [{ value: 'member@corp.example', type: 'work', primary: true }],
  roles: [{ value: 'staff' }],
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'D', manager: { value: '2' } },
};
const document = documentOf('User', user);

const names = [
  'userName',
  'emails',
  'name.givenName',
  'members',
  'active',
  '__proto__',
  'constructor',
  'toString',
  'a b',
];
const tests = ['eq "x"', 'pr', 'co "Canary-9f3c7ab1"', 'gt 5', 'eq', 'eq null', 'ne true', 'eq "a\\"b"', '] and ['];
const piece = fc.constantFrom(
  ...names,
  ...tests,
  ' and ',
  ' or ',
  ' not ',
  '(',
  ')',
  '[',
  ']',
  '.',
  '"',
  '\\',
  'urn:a:b:',
);
const filters = fc.oneof(
  hostileText,
  fc.array(piece, { maxLength: 14 }).map((all) => all.join(' ')),
);
const paths = fc.oneof(
  fc.constantFrom(
    'emails[type eq "work"].value',
    'name',
    'active',
    'id',
    'urn:ietf:params:scim:schemas:core:2.0:User:title',
  ),
  fc
    .tuple(fc.constantFrom(...names), filters, fc.constantFrom('', '.value', '.__proto__', '.constructor.prototype'))
    .map(([name, filter, rest]) => `${name}[${filter}]${rest}`),
  filters,
);
const operation = fc.record({ op: fc.constantFrom('add', 'Replace', 'REMOVE'), path: paths, value: hostileJson });
const patches = fc.array(operation, { maxLength: 4 }).map((Operations) => ({ Operations }));
const bodies = fc.oneof(
  twisted(user),
  twisted({ Operations: [{ op: 'replace', value: user }] }),
  patches,
  hostileJson,
  nearlyJson(twisted(user)),
);

/** Everything that hangs on the objects that all others are made of. */
const global = (): string =>
  [Object, Object.prototype, Array.prototype, Function.prototype, String.prototype, Object.assign]
    .map((one) => Reflect.ownKeys(one).map(String).join())
    .join('\n');
const before = global();
const assign = Object.assign;
afterEach(() => expect([global(), Object.assign]).toEqual([before, assign]));

async function refusedOrRead<Value>(read: () => Value | Promise<Value>): Promise<Value | undefined> {
  try {
    return await swiftly(read);
  } catch (error) {
    expect(error).toBeInstanceOf(ScimFailure);
    return undefined;
  }
}

describe('what a directory may send', () => {
  it('as a filter is read, or refused by the RFC’s word, and changes nothing that everybody has', inTime, async () => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(filters, async (text) => {
        const fits = await refusedOrRead(() => readFilter(text).fits(document));
        if (fits !== undefined) read += 1;
        equalTo(text, 'userName');
        expect(global()).toBe(before);
      }),
      tries(2_000),
    );
    expect(read).toBeGreaterThan(0);
  });

  it('as a body is a document that reads as itself, or is refused, and nothing is polluted', inTime, async () => {
    let read = 0;
    const runs = tries(800);
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const written = await refusedOrRead(() => documentOf('User', body));
        const next = await refusedOrRead(async () => patched('User', document, operationsIn(body)));
        await refusedOrRead(() => withoutMembers(body));
        await refusedOrRead(async () =>
          memberChange(operationsIn(body).filter(isOfMembers), () => Promise.resolve(['a'])),
        );
        for (const one of [written, next]) {
          if (!one) continue;
          read += 1;
          expect(documentOf('User', JSON.parse(JSON.stringify(one)))).toEqual(one);
          expect(one).not.toHaveProperty('password');
          const resource: Resource = {
            id: 'a',
            document: one,
            revision: 1,
            createdAtMs: 1,
            changedAtMs: 1,
            userId: 'a',
          };
          expect(tellingsOf(source, undefined, resource)[0]).toMatchObject({ userId: 'a', kind: 'create' });
          projected(shown('User', resource, 'https://a.test'), { attributes: String(one['title']) });
        }
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
        expect(global()).toBe(before);
      }),
      runs,
    );
    expect(read).toBeGreaterThan(runs.numRuns / 100);
  });
});
