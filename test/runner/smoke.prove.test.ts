import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkStage } from '../../infra/check-stage.ts';
import type { StageConfig } from '../../infra/config.ts';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { ask, type Patient } from '../../local/deployed/patient.ts';
import { smoke } from '../../local/deployed/smoke.ts';
import { sampleStage } from '../infra/sample-stage.ts';

const synthetic = 'synthetic-user';
const customer = 'a-customer';
const api = 'synthetic-user-of-the-api';
let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge({ port: 0, quiet: true });
  // In an inbox that shows nobody a 404 proves no absence, and an erasure that is repeated waits.
  bridge.emulator?.store.addContact({ sourceId: customer, name: 'A customer' });
});
afterAll(() => bridge.close());
beforeEach(() => bridge.emulator?.faults.clear());

/** The patience is endless, however slow the machine is, unless a look takes some of it. */
const clock = (lookMs: number) => {
  let passedMs = 0;
  return {
    now: () => Date.now(),
    elapsed: () => passedMs,
    sleep: async () => {
      passedMs += lookMs;
      await new Promise((settle) => setTimeout(settle, 10));
    },
  };
};

interface Case {
  readonly stage?: Partial<StageConfig>;
  readonly token?: string;
  readonly backEnd?: string;
  readonly secret?: string | undefined;
  readonly url?: string;
  readonly lookMs?: number;
}

/** What the smoke test says of the bridge that npm start runs, as if it were deployed. */
async function tried({ stage = {}, token: user, backEnd, url = bridge.url, lookMs = 0, ...more }: Case = {}) {
  const { maiAgent } = bridge;
  const secret = 'secret' in more ? more.secret : bridge.webhookSecret;
  const secrets: Record<string, string | undefined> = {
    key: maiAgent.apiKey,
    sources: secret && JSON.stringify({ generic: [secret] }),
  };
  const outputs = {
    ApiUrl: url,
    SetApiKeyCommand: 'put-secret-value --secret-id key --secret-string …',
    SetSourceSecretsCommand: 'put-secret-value --secret-id sources --secret-string …',
  };
  const patient = { ask, secret: async (arn: string) => secrets[arn] } as unknown as Patient;
  const { baseUrl, apiPrefix, inboxId } = maiAgent;
  const checked = checkStage(
    sampleStage({
      maiAgent: { baseUrl, apiPrefix, inboxId },
      sources: [{ kind: 'generic', name: 'generic' }],
      smokeUser: synthetic,
      ...stage,
    }),
  );
  const tokens = { user, backEnd };
  const findings = await smoke(checked, { status: 'UPDATE_COMPLETE', outputs }, patient, tokens, clock(lookMs));
  return findings.map(({ check, state, says }) => `${state} ${check}: ${says}`);
}
const liveContacts = () => bridge.emulator?.store.liveContacts.map(({ sourceId }) => sourceId);
const webhookIsWell = 'good smoke-webhook: contact-bridge-smoke-test got a contact, which was erased again';
const webhookIsUntried =
  'unknown smoke-webhook: not tried: it takes a source generic as it is by itself, and its secret';
const apiIsUntried = 'unknown smoke-api: not tried: it takes a token of a back end in the variable SMOKE_SERVICE_TOKEN';
const signInIsUntried =
  'unknown smoke-sign-in: not tried: it takes one of these, smokeUser in the stage, and a token of that user in the variable SMOKE_TOKEN';
const signInIsWell = `good smoke-sign-in: ${synthetic} got a contact, which was erased again`;

describe('the smoke test', () => {
  it('lets two people come and go, as often as it is run, and leaves no contact', async () => {
    const token = await bridge.token(synthetic, { claims: { name: 'Synthetic' } });
    for (const _ of [1, 2]) {
      expect(await tried({ token })).toEqual([webhookIsWell, apiIsUntried, signInIsWell]);
      expect(liveContacts()).toEqual([customer]);
    }
  });

  it('goes through the API where no source can be played', async () => {
    const token = await bridge.token(api, { claims: { name: 'Synthetic' } });
    const backEnd = await bridge.token('back-end', { scope: 'contacts.write' });
    for (const _ of [1, 2]) {
      expect(await tried({ token, backEnd, stage: { sources: [], smokeUser: api } })).toEqual([
        webhookIsUntried,
        'good smoke-api: contact-bridge-smoke-test-api got a contact, which was erased again',
        `good smoke-sign-in: ${api} got a contact, which was erased again`,
      ]);
      expect(liveContacts()).toEqual([customer]);
    }
    const refused = await bridge.token('back-end', { scope: 'contacts.read' });
    expect((await tried({ backEnd: refused }))[1]).toMatch(/^bad smoke-api: the API is answered 403 and 403: /);
  });

  it('says in one line what it did not try', async () => {
    expect(await tried()).toEqual([webhookIsWell, apiIsUntried, signInIsUntried]);
    for (const one of [
      { secret: undefined },
      { stage: { sources: [] } },
      { stage: { sources: [{ kind: 'generic', name: 'generic', userId: 'id' }] } },
    ] satisfies Case[])
      expect(await tried({ ...one, token: await bridge.token(synthetic) })).toEqual([
        webhookIsUntried,
        apiIsUntried,
        signInIsUntried,
      ]);
  });

  it.each([['somebody-real'], [undefined]])('erases nobody but the synthetic user: %s', async (sub) => {
    const token = sub === undefined ? 'no.token' : await bridge.token(sub);
    const identity = { method: 'POST', headers: { authorization: `Bearer ${token}` } };
    if (sub !== undefined) await fetch(`${bridge.url}/v1/identity`, identity);
    const before = liveContacts();
    expect((await tried({ token }))[2]).toBe(
      'bad smoke-sign-in: SMOKE_TOKEN is no token of smokeUser, and nobody else may be erased',
    );
    expect(liveContacts()).toEqual(before);
  });

  it('names a webhook that is refused, and an API that is away', async () => {
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    expect(await tried({ secret: other })).toContain(
      'bad smoke-webhook: a webhook of generic is answered 401 and 401: look into the logs of user-changed, identify and manage',
    );
    expect(await tried({ url: 'http://127.0.0.1:9' })).toContain(
      'bad smoke-webhook: a webhook of generic is answered undefined and undefined: look into the logs of user-changed, identify and manage',
    );
  });

  it('names a person who gets no contact', async () => {
    bridge.emulator?.faults.add({ on: 'create', kind: '500', times: 1_000 });
    const token = await bridge.token(synthetic);
    const none = 'has no contact after three minutes: look into the logs of identify and sync';
    expect(await tried({ token, lookMs: 18_000 })).toEqual([
      `bad smoke-webhook: contact-bridge-smoke-test ${none}`,
      apiIsUntried,
      `bad smoke-sign-in: ${synthetic} ${none}`,
    ]);
  });
});
