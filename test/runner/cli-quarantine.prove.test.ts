import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bridge, startBridge } from '../../local/bridge.ts';
import { expectOneLine, run } from './broadcast-stub.ts';

let bridge: Bridge;
let recordId = '';
const cli = (...args: string[]) => run(['quarantine', ...args, '--local', bridge.url]);

beforeAll(async () => {
  bridge = await startBridge({ port: 0, quiet: true });
  const at = Math.floor(Date.now() / 1000);
  const data = { userId: 'sample-member', version: 'never', name: 'Sample\u202e Member' };
  const body = JSON.stringify({ type: 'user.updated', data });
  const key = Buffer.from(bridge.webhookSecret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`event-1.${at}.${body}`).digest('base64');
  const signed = { 'webhook-id': 'event-1', 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
  const headers = { 'content-type': 'application/json', ...signed };
  expect((await fetch(`${bridge.url}/v1/webhooks/generic`, { method: 'POST', headers, body })).status).toBe(202);
});
afterAll(() => bridge.close());

it('a record is listed for programs without its contents', async () => {
  const { out } = await cli('list', '--json');
  const { records } = JSON.parse(out) as { records: { recordId: string }[] };
  expect(records).toMatchObject([{ source: 'generic', eventId: 'event-1', flaws: [expect.anything()] }]);
  expect(out).not.toContain('Sample');
  recordId = records[0]!.recordId;
});

it('a record is shown after a warning, where somebody agrees, and obeys no terminal', async () => {
  const unasked = await cli('show', recordId);
  expect([unasked.code, unasked.out]).toEqual([1, '']);
  expect(unasked.err).toMatch(/^This shows what a user store sent: names[^]*needs --yes\n$/);
  const { out, code } = await cli('show', recordId, '--yes');
  expect(code).toBe(0);
  expect(out).toMatch(/event-1 {2}.+\n(?:[^]*\n)?body:\n\{\n[^]*"name": "Sample\\u202e Member"/);
  const shown = JSON.parse((await cli('show', recordId, '--yes', '--json')).out);
  expect(shown).toMatchObject({ recordId, source: 'generic', record: { key: expect.any(String) } });
  expect(JSON.parse(shown.record.body)).toMatchObject({ data: { userId: 'sample-member' } });
});

it('of a record that was discarded the reason is shown, and nothing else is left', async () => {
  const discarded = JSON.parse((await cli('discard', recordId, '--why', 'sent by a test', '--json')).out);
  expect(discarded).toEqual({ discarded: 1, missing: [] });
  const { out, err } = await cli('show', recordId, '--json');
  expect(err).toBe('');
  expect(JSON.parse(out)).toMatchObject({ closedAs: 'discarded', why: 'sent by a test' });
  expect(out).not.toContain('Sample');
  expectOneLine(await cli('show', '0'.repeat(32)), /not in quarantine, and never was/);
});
