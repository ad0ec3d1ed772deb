import { readdirSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secretFree } from './secret-free.ts';
import { hostileJson, hostileText, inTime, nearlyJson, swiftly, tries, twisted } from './hostile.ts';
import { expectTold } from './laws.ts';
import {
  example,
  hear,
  hearSigned,
  kindOf,
  nowMs,
  secretOf,
  senders,
  sign,
  sources,
  type Headers,
  type Sender,
} from '../rules/sources/source-rig.ts';

const namesOf = (kind: string): string[] =>
  readdirSync(new URL(`../examples/${kind}`, import.meta.url)).map((name) => name.replace('.json', ''));

/** Recorded events with some parts changed, and bodies that are no events at all. */
function bodiesOf(sender: Sender): fc.Arbitrary<Buffer> {
  const kind = kindOf(sender);
  const recorded = namesOf(kind).map((name) => twisted(JSON.parse(example(kind, name).toString())));
  return nearlyJson(fc.oneof({ weight: 9, arbitrary: fc.oneof(...recorded) }, hostileJson)).map((text) =>
    Buffer.from(text),
  );
}

const proofHeaders = ['id', 'timestamp', 'signature'].flatMap((part) => [`webhook-${part}`, `svix-${part}`]);
const anyHeaders: fc.Arbitrary<Headers> = fc.dictionary(
  fc.constantFrom(...proofHeaders, 'authorization', 'workos-signature', 'x-keycloak-signature'),
  fc.oneof(
    hostileText,
    hostileText.map((text) => `Bearer ${text}`),
    fc.base64String().map((text) => `v1,${text}`),
  ),
);

/** Which part of a proven delivery somebody changes on its way. Auth0 signs nothing, so its token is all there is to change. */
const tampering = (sender: Sender) =>
  fc.record({
    what: sender === 'auth0' ? fc.constant('header' as const) : fc.constantFrom('header' as const, 'body' as const),
    where: fc.nat(10_000),
    // A space would make it one more signature beside the good one, which the protocol allows.
    text: hostileText.filter((text) => text !== '').map((text) => text.replaceAll(' ', '_')),
  });

describe.each(senders)('what %s sends', (sender) => {
  const { name } = sources[sender];

  it('is read as what its type allows, or as unreadable, whatever a signed body holds', inTime, async () => {
    await fc.assert(
      fc.asyncProperty(bodiesOf(sender), async (body) => {
        const event = await swiftly(() => hearSigned(sender, body));
        expectTold(event, name, nowMs);
        secretFree(event, [secretOf(sender)]);
      }),
      tries(120),
    );
  });

  it('is unproven under any headers that its secret did not make', inTime, async () => {
    await fc.assert(
      fc.asyncProperty(bodiesOf(sender), anyHeaders, async (body, headers) => {
        expect(await swiftly(() => hear(sender, body, headers))).toEqual({ kind: 'unproven' });
      }),
      tries(60),
    );
  });

  it('is unproven after one change of the signed body or of one header', inTime, async () => {
    const body = example(kindOf(sender), namesOf(kindOf(sender))[0] ?? '');
    const headers = await sign(sender, body);
    expect((await hear(sender, body, headers)).kind).not.toBe('unproven');
    await fc.assert(
      fc.asyncProperty(tampering(sender), async ({ what, where, text }) => {
        const names = Object.keys(headers);
        const header = names[where % names.length] ?? '';
        const at = where % body.length;
        const [otherBody, otherHeaders] =
          what === 'body'
            ? [Buffer.concat([body.subarray(0, at), Buffer.from(text), body.subarray(at)]), headers]
            : [body, { ...headers, [header]: `${text}${(headers[header] ?? '').slice(0, where % 80)}` }];
        expect(await hear(sender, otherBody, otherHeaders)).toEqual({ kind: 'unproven' });
      }),
      tries(60),
    );
  });

  it.each(['', 'short', 'replace-me-replace-me-replace-me-replace', 'whsec_', 'a'.repeat(64), '\u0000'.repeat(64)])(
    'is unproven where the configured secret is %j, whoever else knows it',
    async (secret) => {
      if (sender === 'bearer') return;
      const body = example(kindOf(sender), namesOf(kindOf(sender))[0] ?? '');
      const headers = await sign(sender, body, { secret });
      expect(await hear(sender, body, headers, { secrets: [secret] })).toEqual({ kind: 'unproven' });
    },
  );
});

describe('a body of 256 KiB', () => {
  const size = 262_144;
  const filled = (unit: string) => unit.repeat(Math.floor((size - 20) / unit.length));
  const keys = Array.from({ length: 20_000 }, (_, index) => `"k${index}":0`).join(',');
  it.each<[string, string]>([
    ['brackets', '['.repeat(size)],
    ['braces', '{"a":'.repeat(size / 5)],
    ['quotes', '"'.repeat(size)],
    ['backslashes', `{"a":"${'\\'.repeat(size - 20)}"}`],
    ['escapes', `{"a":"${filled('\\u0061')}"}`],
    ['white space', `{"a"${' '.repeat(size - 20)}:1}`],
    ['texts between white space', `[${filled('"" \n,')}""]`],
    ['keys', `{${keys}}`],
    ['attributes', `{"type":"user.updated","timestamp":"2026-01-01T00:00:00Z","data":{"attributes":{${keys}}}}`],
    ['a path of dots', `{"type":"user.updated","data":{"attributes":{"${'a.'.repeat(100_000)}":1}}}`],
    ['digits', `{"data":{"version":"${'9'.repeat(200_000)}"}}`],
    ['one long name', `{"data":{"name":"${'a'.repeat(200_000)}","email":"${'a@'.repeat(20_000)}"}}`],
  ])('of %s is read in time', inTime, async (_, text) => {
    for (const sender of senders) {
      const body = Buffer.from(text).subarray(0, size);
      expectTold(await swiftly(() => hearSigned(sender, body)), sources[sender].name, nowMs);
    }
  });
});
