import { describe, expect, it } from 'vitest';
import { call } from '../rigs/gateway-event.ts';
import { Rig, nothing } from '../rigs/identify-rig.ts';

const rig = new Rig();

describe('bad requests', () => {
  const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
  it.each([
    { why: 'no JSON', rawBody: '{', status: 400, code: 'body_invalid' },
    {
      why: 'no UTF-8',
      rawBody: Buffer.from([0x7b, 0xff, 0x7d]).toString('base64'),
      isBase64: true,
      status: 400,
      code: 'body_invalid',
    },
    { why: 'too deep', rawBody: deep, status: 400, code: 'body_invalid' },
    { why: 'too deep to recurse', rawBody: '['.repeat(200_000), status: 400, code: 'body_invalid' },
    { why: 'too large', rawBody: `{"a":"${'x'.repeat(262_144)}"}`, status: 413, code: 'body_too_large' },
    {
      why: 'another type',
      rawBody: 'a=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      status: 415,
      code: 'content_type_unsupported',
    },
    { why: 'wrongly typed', rawBody: '{"visitorToken":1}', status: 400, code: 'body_invalid' },
    { why: 'prototype keys', rawBody: '{"__proto__":{"visitorToken":"x"}}', status: 400, code: 'body_invalid' },
  ])('answer a problem document for a body with $why', async ({ status, code, ...request }) => {
    const answer = await call(rig.real.job(), {
      routeKey: 'POST /v1/identity',
      claims: { sub: rig.userId },
      ...request,
    });
    expect(answer).toMatchObject({
      status,
      body: { code, status, requestId: 'sample-request', type: `urn:contact-bridge:problem:${code}` },
    });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(rig.done).toEqual(nothing);
  });

  it('logs nothing personal', async () => {
    await rig.signIn({ email: 'planted@corp.example', name: 'Planted Name', phone_number: '+8190000000' });
    await rig.put({ name: 'Planted Name', email: 'not an address', version: 1 });
    expect(rig.real.lines.join('\n')).not.toMatch(/planted|Planted|\+81|user-\d|sampleKey/);
  });
});
