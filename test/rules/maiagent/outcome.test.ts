import { describe, expect, it } from 'vitest';
import { classify, retryAfterMs, type Expectation, type Transport } from '../../../functions/rules/maiagent/outcome.ts';

const reply = (status: number, body = '', headers: Record<string, string> = {}): Transport => ({
  kind: 'reply',
  status,
  headers,
  body,
});
const hasId = (body: unknown): string | undefined => (body as { id?: string } | null)?.id;

/** One expectation for each kind of call, as `io/maiagent/contact-api.ts` has them. */
const kinds = {
  read: { statuses: [200], read: hasId },
  create: { statuses: [200, 201], read: hasId, mayBeDuplicate: true },
  update: { statuses: [200, 202, 204], read: () => 'updated', mayLackBody: true },
  latest: { statuses: [200], read: hasId, emptyNotFound: 'none' },
} satisfies Record<string, Expectation<string>>;
type Kind = keyof typeof kinds;
const kindNames = Object.keys(kinds) as Kind[];
const outcomeOf = (kind: Kind, transport: Transport) => classify<string>(transport, kinds[kind]).kind;

describe('classify', () => {
  it.each(kindNames)('knows that nothing happened where a %s was not sent', (kind) => {
    expect(classify<string>({ kind: 'not-sent' }, kinds[kind])).toEqual({
      kind: 'refused',
      status: undefined,
      retryAfterMs: undefined,
      fields: [],
    });
  });

  it('keeps every digit of a number, which may be somebody’s id', () => {
    const read = (body: unknown) => (body as { id?: unknown }).id;
    const outcome = classify(reply(200, '{"id":12345678901234567890}'), { statuses: [200], read });
    expect(outcome).toEqual({ kind: 'done', value: '12345678901234567890' });
  });

  it.each(kindNames)('knows nothing where the reply to a %s was lost', (kind) => {
    expect(classify<string>({ kind: 'reply-lost' }, kinds[kind])).toEqual({ kind: 'unknown' });
  });

  const refused = [401, 403, 404, 413, 422, 429].map((status) => ({ status, outcomes: all('refused') }));
  const unknown = [
    100, 203, 206, 226, 301, 302, 304, 307, 308, 402, 405, 408, 410, 418, 425, 499, 500, 501, 502, 503, 504, 599, 0,
  ];
  it.each([
    { status: 200, outcomes: all('done') },
    { status: 201, outcomes: { read: 'unknown', create: 'done', update: 'unknown', latest: 'unknown' } },
    { status: 202, outcomes: { read: 'unknown', create: 'unknown', update: 'done', latest: 'unknown' } },
    { status: 204, outcomes: { read: 'unknown', create: 'unknown', update: 'done', latest: 'unknown' } },
    { status: 400, outcomes: { ...all('refused'), create: 'duplicate' } },
    { status: 409, outcomes: { ...all('unknown'), create: 'duplicate' } },
    ...refused,
    ...unknown.map((status) => ({ status, outcomes: all('unknown') })),
  ])('takes $status for $outcomes', ({ status, outcomes }) => {
    const body = JSON.stringify({ id: 'one' });
    for (const kind of kindNames)
      expect({ kind, is: outcomeOf(kind, reply(status, body)) }).toEqual({ kind, is: outcomes[kind] });
  });

  it.each(['', '{', '<html></html>', 'null', '[]', '{}', '"one"'])(
    'does not trust the good status of a body that reads %j',
    (body) => {
      expect(outcomeOf('read', reply(200, body))).toBe('unknown');
      expect(outcomeOf('create', reply(201, body))).toBe('unknown');
      expect(outcomeOf('update', reply(200, body))).toBe('done');
    },
  );

  it('understands 64 levels and not the 65th, which nobody could compare without end', () => {
    const nested = (levels: number): string => `{"id":"one","a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect([64, 65, 100_000].map((levels) => outcomeOf('read', reply(200, nested(levels))))).toEqual([
      'done',
      'unknown',
      'unknown',
    ]);
    expect(outcomeOf('update', reply(200, nested(100_000)))).toBe('done');
  });

  it('takes a 404 without a body for what the call says that it means, and one with any body for a refusal', () => {
    expect(classify<string>(reply(404, ''), kinds.latest)).toEqual({ kind: 'done', value: 'none' });
    for (const body of ['{"detail":"Not found."}', '{}', '[]', '<html></html>']) {
      expect(outcomeOf('latest', reply(404, body))).toBe('refused');
    }
    expect(outcomeOf('read', reply(404, ''))).toBe('refused');
  });

  it('names the fields of a refusal and never their texts', () => {
    const body = JSON.stringify({
      email: ['member@corp.example is wrong'],
      phone_number: ['x'],
      'member@corp.example': ['x'],
    });
    const refusal = classify<string>(reply(400, body), kinds.update);
    expect(refusal).toEqual({
      kind: 'refused',
      status: 400,
      retryAfterMs: undefined,
      fields: ['email', 'phoneNumber'],
    });
  });

  it.each(['', '[]', '"x"', 'null', '<html></html>', '{'])('names no fields where the refusal reads %j', (body) => {
    expect(classify<string>(reply(400, body), kinds.update)).toMatchObject({ fields: [] });
  });

  it('names no field that MaiAgent does not have, because it may be a person', () => {
    const body = '{"Sample_Member":["x"],"constructor":["x"],"__proto__":["x"],"Name":["x"],"contactIds":["x"]}';
    expect(classify<string>(reply(400, body), kinds.update)).toMatchObject({ fields: ['contactIds'] });
  });

  it('names a field once, however often and however it is spelled', () => {
    const body = '{"phone_number":["x"],"phoneNumber":["x"],"query_metadata":["x"],"non_field_errors":["x"]}';
    expect(classify<string>(reply(400, body), kinds.update)).toMatchObject({
      fields: ['phoneNumber', 'queryMetadata', 'nonFieldErrors'],
    });
  });

  it('carries the pause that the server asks for', () => {
    expect(classify<string>(reply(429, '', { 'retry-after': '7' }), kinds.update)).toMatchObject({
      retryAfterMs: 7000,
    });
  });
});

describe('retryAfterMs', () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
  it.each<[string, string | undefined, string | undefined, number | undefined]>([
    ['seconds', '20', undefined, 20_000],
    ['no seconds at all', '0', undefined, 0],
    ['seconds with spaces around', ' 5 ', undefined, 5_000],
    ['more than a person waits', '86400', undefined, 30_000],
    ["a date, by the server's own clock", 'Wed, 21 Oct 2026 07:28:30 GMT', date, 30_000],
    ['a date that is over', 'Wed, 21 Oct 2026 07:27:00 GMT', date, 0],
    ['a date that is far', 'Wed, 21 Oct 2027 07:28:00 GMT', date, 30_000],
    ['a date without a clock to read it by', 'Wed, 21 Oct 2026 07:28:30 GMT', undefined, undefined],
    ['nothing', undefined, date, undefined],
    ['an empty header', '', date, undefined],
    ['a negative number', '-1', date, undefined],
    ['a fraction', '1.5', date, undefined],
    ['a word', 'soon', date, undefined],
  ])('reads %s', (_, header, now, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});

function all(outcome: string): Record<Kind, string> {
  return { read: outcome, create: outcome, update: outcome, latest: outcome };
}
