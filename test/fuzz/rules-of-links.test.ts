import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readContact, writeUpdate } from '../../functions/io/maiagent/contact-wire.ts';
import { differingFields } from '../../functions/rules/contacts/drift.ts';
import { draft, isClean, isLeased, isOutstanding, type Link } from '../../functions/rules/contacts/link.ts';
import { linkView } from '../../functions/rules/contacts/explain.ts';
import { nextStep, sendsNext } from '../../functions/rules/contacts/next-step.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { believed } from '../../functions/rules/contacts/believe.ts';
import { plainPaths, readFields, valueAt } from '../../functions/rules/contacts/read-fields.ts';
import { FIXED_FIELDS, isUnknown, toldOf, type Told } from '../../functions/rules/contacts/told.ts';
import { textOf } from '../../functions/rules/contacts/user-fields.ts';
import { ANONYMOUS, anonymisedContact, desiredOf } from '../../functions/rules/contacts/desired.ts';
import { anyChange, emptyUser, wholeUser } from '../rules/contacts/sample-changes.ts';
import { rowFrom, samplePolicy, sampleUser } from '../rules/contacts/sample-links.ts';
import { canary, hostileJson, hostileObject, hostileText, inTime, tries, twisted } from './hostile.ts';
import { expectFields, expectFlaws } from './laws.ts';

const nowMs = Date.parse('2026-11-20T10:00:00.000Z');
/** A token says who somebody is, and nothing of the standing. */
const tokenChange = anyChange('token').map(({ version, told = emptyUser }): Change => ({
  source: 'token',
  kind: 'update',
  version,
  told,
}));
const changes = fc.array(fc.oneof(tokenChange, ...['a', 'b', 'api'].map((source) => anyChange(source))), {
  minLength: 1,
  maxLength: 8,
});

/** What a source may well have told, as its reader has it. */
const fields: fc.Arbitrary<Told> = fc
  .record({
    name: fc.oneof(hostileText, fc.string({ unit: 'binary', maxLength: 600 })),
    roles: fc.array(fc.constantFrom('staff', 'partner', 'other'), { maxLength: 3 }),
    department: hostileText,
    avatar: fc.oneof(fc.webUrl({ validSchemes: ['https'] }), hostileText),
  })
  .map(({ name, roles, department, avatar }) => wholeUser({ name, avatar, roles, attributes: { department } }));

/** The reports where one source has told all of this and nobody else anything. */
const reportsWith = (told: Told) => [{ source: 'a', fields: [{ version: timeVersion(1), told }] }];

/** Any row that a history leads to, in any state of its contact and its lease, the sensible ones and the others. */
const rows: fc.Arbitrary<Link> = fc
  .tuple(
    changes,
    fc.record(
      {
        contactId: fc.constantFrom('contact-1', 'contact-2'),
        leaseOwner: fc.constant('owner'),
        leaseUntil: fc.constantFrom(nowMs - 1, nowMs, nowMs + 1),
        openRequests: fc.nat(3),
        promotedTo: fc.constant('sample-member'),
        formerContacts: fc.constant(['contact-0']),
      },
      { requiredKeys: [] },
    ),
    fc.record({ confirmed: fc.constantFrom('same', 'other', 'none'), sent: fc.constantFrom('same', 'other', 'none') }),
  )
  .map(([history, more, { confirmed, sent }]) => {
    const row = rowFrom(...history);
    const pair = (which: string): [string?, string?] =>
      which === 'none' ? [] : which === 'same' ? [row.desiredHash, row.desiredPermissions] : ['other', 'other'];
    const [confirmedHash, confirmedPermissions] = pair(confirmed);
    const [sentHash, sentPermissions] = pair(sent);
    return {
      ...row,
      ...more,
      ...(confirmedHash && confirmedPermissions && { confirmedHash, confirmedPermissions }),
      ...(sentHash && sentPermissions && { sentHash, sentPermissions }),
    };
  });

/** The id that the step hands out. */
function idIn(step: ReturnType<typeof nextStep>): string | undefined {
  return step.kind === 'answer' ? step.contactId : undefined;
}

describe('nextStep', () => {
  it('hands out no id but the bound one, and none while the life or the permissions forbid it (9, 10)', inTime, () => {
    fc.assert(
      fc.property(rows, (link) => {
        const id = idIn(nextStep(link, nowMs));
        if (id === undefined) return;
        expect([id, link.accountStatus, link.promotedTo]).toEqual([link.contactId, 'active', undefined]);
        expect(link.confirmedPermissions).toBe(link.desiredPermissions);
        if (link.openRequests !== undefined) expect(link.sentPermissions).toBe(link.desiredPermissions);
      }),
      tries(600),
    );
  });

  it('takes no lease that somebody else holds', inTime, () => {
    fc.assert(
      fc.property(rows, (link) => {
        const { kind } = nextStep(link, nowMs);
        if (isLeased(link, nowMs)) expect(kind).not.toBe('send');
        expect(sendsNext(link, draft(sampleUser, link, undefined, samplePolicy), nowMs) && isLeased(link, nowMs)).toBe(
          false,
        );
      }),
      tries(300),
    );
  });
});

describe('isOwed', () => {
  it('holds for every row that is not clean, and for every active one without a contact (7)', inTime, () => {
    fc.assert(
      fc.property(rows, (link) => {
        if (!isClean(link)) expect(isOutstanding(link)).toBe(true);
        if (link.accountStatus === 'active' && link.contactId === undefined) expect(isOutstanding(link)).toBe(true);
      }),
      tries(300),
    );
  });
});

describe('linkView', () => {
  it('shows every row, and nothing that a source said but its versions', inTime, () => {
    fc.assert(
      fc.property(rows, fields, (row, value) => {
        const others = row.reports.filter(({ source }) => source !== 'a');
        const reports = [...others, ...reportsWith({ ...value, name: canary, groups: [canary] })];
        const view = linkView({ ...row, reports }, nowMs);
        expect(JSON.stringify(view)).not.toContain(canary);
        expect(view.reports['a']?.fields).toBe('1970-01-01T00:00:00.001Z');
        expect(view.outstanding === null).toBe(!isOutstanding(row));
      }),
      tries(200),
    );
  });
});

describe('desiredOf', () => {
  it('is a contact that MaiAgent can take, for any fields, and the same each time', inTime, () => {
    fc.assert(
      fc.property(fields, (value) => {
        const reports = reportsWith(value);
        const { contact, ...hashes } = desiredOf(sampleUser, reports, samplePolicy);
        expect([contact.name.length > 0, contact.name.length <= 255, contact.name.isWellFormed()]).toEqual([
          true,
          true,
          true,
        ]);
        expect(contact.avatar.length).toBeLessThanOrEqual(511);
        expect(desiredOf(sampleUser, structuredClone(reports), samplePolicy)).toEqual({ contact, ...hashes });
      }),
      tries(200),
    );
  });

  it('leaves nothing personal of a deleted user, and no permission of a disabled one', inTime, () => {
    fc.assert(
      fc.property(changes, (history) => {
        const { accountStatus, desired } = rowFrom(...history);
        const shell = anonymisedContact(samplePolicy);
        if (accountStatus === 'deleted') expect(desired).toEqual(shell);
        if (accountStatus !== 'active') expect(desired.queryMetadata).toEqual(shell.queryMetadata);
        expect(shell).toMatchObject({ name: ANONYMOUS, email: '', phoneNumber: '', avatar: '', metadata: [] });
      }),
      tries(200),
    );
  });

  it('takes each field from the strongest source that spoke: no role of a weaker one comes through', inTime, () => {
    fc.assert(
      fc.property(changes, (history) => {
        const { reports } = rowFrom(...history);
        const strongest = samplePolicy.witnesses.find(({ source }) => reports.some((one) => one.source === source));
        const layers = reports.find(({ source }) => source === strongest?.source)?.fields ?? [];
        for (const field of FIXED_FIELDS) {
          const belief = believed(field, reports, samplePolicy.witnesses);
          const told = toldOf(layers, field);
          if (!told) expect(belief.kind).toBe(strongest ? 'unknown' : 'known');
          else if (isUnknown(told.value)) expect(belief.kind).toBe('unknown');
          else expect(belief).toMatchObject({ value: told.value, by: { source: strongest?.source } });
        }
      }),
      tries(200),
    );
  });
});

describe('differingFields', () => {
  it('sees no drift in a contact that MaiAgent shows as it was sent, in any of its spellings', inTime, () => {
    const camel = (key: string) => key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    fc.assert(
      fc.property(fields, fc.boolean(), fc.boolean(), (value, isMap, isSnake) => {
        const { contact } = desiredOf(sampleUser, reportsWith(value), samplePolicy);
        const { phoneNumber, queryMetadata, metadata, ...rest } = writeUpdate(contact, isMap ? null : '');
        const keys = { true: 'query_metadata', false: 'queryMetadata' } as const;
        const shown = {
          ...rest,
          id: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1b01',
          [isSnake ? 'phone_number' : 'phoneNumber']: phoneNumber,
          [keys[`${isSnake}`]]: isMap ? JSON.parse(JSON.stringify(queryMetadata), renamed(camel)) : queryMetadata,
          metadata: isMap ? Object.fromEntries(contact.metadata.map((pair) => [pair.key, pair.value])) : metadata,
        };
        const read = readContact(JSON.parse(JSON.stringify(shown)));
        expect(read && differingFields(read, contact)).toEqual([]);
      }),
      tries(200),
    );
  });

  it('sees an edit of the name, the address or the permissions', inTime, () => {
    fc.assert(
      fc.property(fields, fc.constantFrom('name', 'email', 'queryMetadata'), (value, edited) => {
        const { contact } = desiredOf(sampleUser, reportsWith(value), samplePolicy);
        const shown = {
          id: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1b01',
          ...contact,
          [edited]: edited === 'queryMetadata' ? {} : 'x@y.test',
        };
        const read = readContact(shown);
        expect(read && differingFields(read, contact)).not.toEqual([]);
      }),
      tries(100),
    );
  });
});

/** A reviver that writes the keys of objects anew. */
function renamed(rename: (key: string) => string): (key: string, value: unknown) => unknown {
  return (_, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [rename(key), inner]))
      : value;
}

describe('the fields of a user', () => {
  const claimed = fc.record({
    name: hostileJson,
    email: hostileJson,
    phoneNumber: hostileJson,
    avatar: hostileJson,
    roles: hostileJson,
    groups: hostileJson,
    attributes: fc.oneof(hostileObject, hostileJson),
  });

  it('are such as a contact can have, whatever a record claims', inTime, () => {
    fc.assert(
      fc.property(claimed, fc.constantFrom('whole', 'part'), (all, extent) => {
        const { told, flaws } = readFields(all, plainPaths, extent);
        expectFields(told);
        expectFlaws(flaws);
      }),
      tries(600),
    );
  });

  it('are such as a contact can have, whatever record a mapping is pointed at', inTime, () => {
    const path = fc.oneof(
      hostileText.filter((text) => text !== '' && text.length <= 256),
      fc.constantFrom('data.name', 'data.roles.0', '__proto__.a', 'roles'),
    );
    const paths = fc.record({ name: fc.array(path, { minLength: 1, maxLength: 3 }), roles: path, attribute: path });
    const record = fc.oneof(hostileJson, twisted({ data: { name: 'Sample', roles: ['staff'] }, roles: 'staff' }));
    fc.assert(
      fc.property(record, paths, (given, { name, roles, attribute }) => {
        const rest = { email: roles, phoneNumber: attribute, avatar: roles, groups: attribute };
        expectFields(readFields(given, { name, roles, ...rest, attributes: { [attribute]: attribute } }).told);
      }),
      tries(500),
    );
  });

  it('are read again as they were read', inTime, () => {
    fc.assert(
      fc.property(fields, (told) => {
        const attributes = Object.fromEntries(
          Object.entries(told).flatMap(([key, value]) =>
            key.length > 1 && key.startsWith('@') ? [[key.slice(1), value]] : [],
          ),
        );
        if (Object.values(told).some((value) => typeof value === 'object' && 'unknown' in value)) return;
        expect(readFields(JSON.parse(JSON.stringify({ ...told, attributes })), plainPaths).told).toEqual(told);
      }),
      tries(150),
    );
  });
});

describe('valueAt', () => {
  it('finds what the record itself has, and never what every object has', inTime, () => {
    const inherited = fc.constantFrom(
      'constructor',
      'toString',
      '__proto__.toString',
      'a.constructor.name',
      'length.constructor',
    );
    fc.assert(
      fc.property(
        fc.constantFrom({}, { a: {} }, { a: 'text', length: 1 }, [], 'text', null, 7),
        inherited,
        (record, path) => {
          expect(valueAt(record, path)).toBeUndefined();
        },
      ),
      tries(50),
    );
  });

  it('gives a text for single values alone', inTime, () => {
    fc.assert(
      fc.property(hostileJson, (value) => {
        expect(['string', 'undefined']).toContain(typeof textOf(value));
      }),
      tries(200),
    );
  });
});
