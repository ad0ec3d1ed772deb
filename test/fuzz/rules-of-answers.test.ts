import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAtMs } from '../../functions/rules/backoff.ts';
import {
  outages,
  refusals,
  Refused,
  Unavailable,
  type OutageCode,
  type RefusalCode,
} from '../../functions/rules/failure.ts';
import { restoreDelivery, contentHashOf, keep } from '../../functions/rules/sources/kept-delivery.ts';
import { outageOf } from '../../functions/rules/maiagent/outage.ts';
import { classify, retryAfterMs, type Transport } from '../../functions/rules/maiagent/outcome.ts';
import { problemOf } from '../../functions/rules/http/problem.ts';
import { LEFT_OUT, parseEvent } from '../../functions/rules/sources/json.ts';
import { signingKeys, textKeys } from '../../functions/rules/sources/secret.ts';
import { hmacProof } from '../../functions/rules/sources/signature.ts';
import { proveDelivery, readDelivery } from '../../functions/rules/sources/source.ts';
import {
  example,
  hear,
  nowMs,
  realmKeys,
  secretOf,
  senders,
  sign,
  sources,
  type Headers,
} from '../rules/sources/source-rig.ts';
import { canary, hostileJson, hostileObject, hostileText, inTime, nearlyJson, tries } from './hostile.ts';
import { expectTold } from './laws.ts';
import { secretFree } from './secret-free.ts';

const HOUR_MS = 3_600_000;
const refused = new Set([400, 401, 403, 404, 413, 422, 429]);

describe('retryAtMs', () => {
  it('lies between now and five minutes, or what MaiAgent asks for, and never before it', inTime, () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        fc.nat(HOUR_MS),
        (attempts, atMs, random, afterMs) => {
          const at = retryAtMs(attempts, atMs, random, afterMs);
          expect(at).toBeGreaterThanOrEqual(atMs + afterMs);
          expect(at).toBeLessThanOrEqual(atMs + Math.max(afterMs, 300_000));
          expect(Number.isSafeInteger(at)).toBe(true);
        },
      ),
      tries(500),
    );
  });
});

describe('classify', () => {
  const transports: fc.Arbitrary<Transport> = fc.oneof(
    fc.constantFrom<Transport>({ kind: 'not-sent' }, { kind: 'reply-lost' }),
    fc.record({
      kind: fc.constant('reply'),
      status: fc.nat(999),
      headers: fc.dictionary(fc.constantFrom('retry-after', 'date'), hostileText),
      body: nearlyJson(hostileJson),
    }),
  );
  const read = (body: unknown) => (body !== null && typeof body === 'object' ? 'read' : undefined);

  it('says that nothing happened only where nothing can have happened, for every call and reply', inTime, () => {
    const calls = fc.record({
      statuses: fc.constantFrom([200], [200, 201], [200, 202, 204]),
      mayBeDuplicate: fc.boolean(),
      mayLackBody: fc.boolean(),
    });
    fc.assert(
      fc.property(transports, calls, (transport, { statuses, mayBeDuplicate, mayLackBody }) => {
        const expected = { statuses, mayBeDuplicate, mayLackBody, read: mayLackBody ? () => 'read' : read };
        const { kind } = classify(transport, expected);
        const status = transport.kind === 'reply' ? transport.status : undefined;
        if (kind === 'done') expect(statuses).toContain(status);
        if (kind === 'refused') expect(transport.kind === 'not-sent' || refused.has(status ?? 0)).toBe(true);
        if (kind === 'duplicate') expect([mayBeDuplicate, status === 400 || status === 409]).toEqual([true, true]);
        if (transport.kind === 'reply-lost' || (status ?? 0) >= 500) expect(kind).toBe('unknown');
      }),
      tries(1_500),
    );
  });

  it('keeps no text of a reply that it did not take, but names of fields', inTime, () => {
    fc.assert(
      fc.property(fc.constantFrom(400, 401, 404, 409, 422, 500), hostileText, (status, text) => {
        const body = JSON.stringify({
          detail: canary,
          [`${canary}${text}`]: [text],
          email: [`${canary}@corp.example`],
        });
        const outcome = classify(
          { kind: 'reply', status, headers: {}, body },
          { statuses: [200], read, mayBeDuplicate: true },
        );
        secretFree(outcome, [canary]);
        if (outcome.kind !== 'done') secretFree(outageOf(outcome).setting ?? '', [canary]);
      }),
      tries(300),
    );
  });

  // The names of fields go into the log as what an operator looks at first.
  it('keeps no name of a field that MaiAgent does not have: a reply may have a person there', () => {
    const transport = {
      kind: 'reply',
      status: 400,
      headers: {},
      body: '{"Sample_Member":["is not allowed"]}',
    } as const;
    const outcome = classify(transport, { statuses: [200], read });
    expect(outcome.kind === 'done' ? '' : outageOf(outcome).setting).not.toContain('Sample_Member');
  });

  it('waits for as long as it was asked to, up to an hour, whatever the header says', inTime, () => {
    fc.assert(
      fc.property(
        fc.oneof(hostileText, fc.nat().map(String)),
        fc.option(hostileText, { nil: undefined }),
        (header, date) => {
          const ms = retryAfterMs(header, date);
          expect(ms === undefined || (ms >= 0 && ms <= HOUR_MS)).toBe(true);
        },
      ),
      tries(1_000),
    );
  });
});

describe('problemOf', () => {
  it('says the code and nothing that was thrown, whatever was thrown', inTime, () => {
    const error = fc.oneof(
      hostileJson,
      hostileText.map((text) => new Error(`${canary} ${text}`, { cause: canary })),
      hostileText.map((text) => Object.assign(new TypeError(canary), { code: text, flaws: [canary], status: 200 })),
    );
    fc.assert(
      fc.property(error, (thrown) => {
        const { problem, retryAfterMs: ms } = problemOf(thrown, 'request-1');
        expect([problem.status, problem.code, ms]).toEqual([500, 'internal_error', undefined]);
        secretFree(problem, [canary]);
      }),
      tries(500),
    );
  });

  it('has a status, a title and a type for every code there is', () => {
    const failures = [
      ...Object.keys(refusals).map((code) => new Refused(code as RefusalCode)),
      ...Object.keys(outages).map((code) => new Unavailable(code as OutageCode)),
    ];
    for (const failure of failures) {
      const { problem } = problemOf(failure, 'request-1');
      expect(problem).toEqual({
        type: `urn:contact-bridge:problem:${failure.code}`,
        title: expect.stringMatching(/^[A-Z].+\.$/),
        status: expect.any(Number),
        code: failure.code,
        requestId: 'request-1',
      });
    }
  });
});

describe('a delivery in the quarantine', () => {
  it.each(senders)('of %s tells the same again by what was kept of it, and its proof was not kept', async (sender) => {
    const kind = sources[sender].kind;
    const name = { generic: 'user-updated', clerk: 'user-updated', auth0: 'user-created' }[kind as string];
    const body = example(kind, name ?? (kind === 'workos' ? 'dsync-user-created' : 'user-create'));
    const headers: Headers = await sign(sender, body);
    const proof = await proveDelivery(
      sources[sender],
      [secretOf(sender)],
      { header: (one) => headers[one], body, nowMs },
      realmKeys,
    );
    expect(proof?.key).toMatch(/^[\w-]{16,43}$/);
    const kept = keep({ key: 'none', ...proof, body, readAtMs: nowMs });
    const proofs = Object.entries(headers).flatMap(([header, value]) => (/-id|timestamp/.test(header) ? [] : [value]));
    secretFree(kept, [...proofs, ...proofs.map((value) => value.replace(/^(v1,|Bearer )/, '')), secretOf(sender)]);
    const delivery = restoreDelivery(JSON.parse(JSON.stringify(kept)), nowMs);
    expect(contentHashOf(sources[sender], delivery.body)).toBe(contentHashOf(sources[sender], body));
    const event = await hear(sender, body, headers);
    expect([event.kind, readDelivery(sources[sender], delivery)]).toEqual(['change', event]);
  });

  it.each(senders)('of %s keeps any bytes, and reads any record, even one that was tampered with', inTime, (sender) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.dictionary(hostileText, hostileText), (bytes, record) => {
        const kept = keep({ key: 'sample', body: Buffer.from(bytes), readAtMs: nowMs });
        expect(restoreDelivery(kept, nowMs).body).toEqual(Buffer.from(bytes));
        for (const delivery of [kept, record])
          expectTold(readDelivery(sources[sender], restoreDelivery(delivery, nowMs)), sources[sender].name, nowMs);
      }),
      tries(60),
    );
  });
});

describe('parseEvent', () => {
  const plain = hostileObject.filter((value) => !JSON.stringify(value).includes('__proto__'));

  it('reads what JSON.parse reads', inTime, () => {
    fc.assert(
      fc.property(plain, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        // Integers that a number cannot hold have a test of their own.
        fc.pre(!/\d{16}/.test(text));
        expect(parseEvent(Buffer.from(text))).toEqual({ event: JSON.parse(text) });
      }),
      tries(500),
    );
  });

  it('leaves out what has one key twice, however it is spelled and wherever it is', inTime, () => {
    const spelled = (key: string) =>
      key
        .split('')
        .map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('');
    fc.assert(
      fc.property(plain, hostileText, hostileJson, fc.integer({ min: 0, max: 9 }), (value, key, inner, depth) => {
        const once = JSON.stringify(key);
        const twice = /^[\x20-\x7e]*$/.test(key) ? `"${spelled(key)}"` : once;
        const pair = `{${once}:${JSON.stringify(inner)},"between":${JSON.stringify(value)},${twice}:1}`;
        const parsed = parseEvent(Buffer.from(`${'{"a":'.repeat(depth)}${pair}${'}'.repeat(depth)}`));
        let holder: unknown = 'event' in parsed && parsed.isAmbiguous && parsed.event;
        for (let level = 0; level < depth; level += 1) holder = (holder as { a: unknown }).a;
        expect(Object.getOwnPropertyDescriptor(holder, key)?.value).toEqual({ [LEFT_OUT]: 0 });
      }),
      tries(500),
    );
  });
});

describe('the keys of a source', () => {
  it('are long and varied, whatever stands in the secret', inTime, () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            hostileText,
            fc.base64String({ maxLength: 90 }),
            hostileText.map((text) => `whsec_${text}`),
          ),
          { maxLength: 12 },
        ),
        (secrets) => {
          for (const key of [...signingKeys(secrets), ...textKeys(secrets)]) {
            expect(key.length).toBeGreaterThanOrEqual(32);
            expect(key.length).toBeLessThanOrEqual(512);
            expect(new Set(key).size).toBeGreaterThanOrEqual(6);
          }
          expect(signingKeys(secrets).length).toBeLessThanOrEqual(8);
        },
      ),
      tries(1_000),
    );
  });

  it('prove the HMAC that one of them made over exactly these bytes, and nothing else', inTime, () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 64 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(
        fc.array(key, { minLength: 1, maxLength: 3 }),
        key,
        fc.uint8Array(),
        hostileText,
        (keys, stranger, bytes, text) => {
          const macBy = (one: Buffer) => createHmac('sha256', one).update(bytes).digest('hex');
          const isOne = keys.some((one) => one.equals(stranger));
          expect(hmacProof(keys, macBy(keys.at(-1)!), Buffer.from(bytes))).toBeDefined();
          expect(hmacProof(keys, macBy(stranger), Buffer.from(bytes)) !== undefined).toBe(isOne);
          expect(hmacProof(keys, text, Buffer.from(bytes))).toBeUndefined();
          expect(hmacProof([], macBy(stranger), Buffer.from(bytes))).toBeUndefined();
        },
      ),
      tries(300),
    );
  });
});
