import { isDeepStrictEqual } from 'node:util';
import { type Clock, systemClock } from '../../functions/io/clock.ts';
import { valueAt } from '../../functions/rules/contacts/read-fields.ts';
import { genericSourceSchema } from '../../functions/rules/sources/generic.ts';
import { answerOf, type Standing } from '../../infra/account.ts';
import { bad, good, looked, type Checked, type Finding } from '../../infra/before-deployment.ts';
import type { Stage } from '../../infra/config.ts';
import { parsedJson } from '../http/body.ts';
import { signed } from '../rehearsal/signed.ts';
import { deployedKey, secretOf } from './examine.ts';
import type { Patient } from './patient.ts';

/** The user whom no store has, and of whom each smoke test tells anew. */
const nobody = 'contact-bridge-smoke-test';
/** Three sweeps, for a hint that was lost. */
const patienceMs = 180_000;
const plain = genericSourceSchema.parse({ kind: 'generic', name: 'plain' });

/** Proofs that are of use for a smoke test alone: a token of `smokeUser`, and one of a back end with the scope `contacts.write`. */
export interface SmokeTokens {
  readonly user?: string | undefined;
  readonly backEnd?: string | undefined;
}

/**
 * Synthetic people go the whole way through a deployment: a webhook tells of one, the API of another, a third signs in with a token. A contact
 * of each is at MaiAgent, and all are erased again. Whom a killed run left, the next one erases. Says why something was not tried.
 */
export async function smoke(
  stage: Stage,
  stack: Standing,
  patient: Patient,
  tokens: SmokeTokens,
  clock: Clock = systemClock,
): Promise<Finding[]> {
  const notTried = (says: string) => async (): Promise<Checked> => ({ state: 'unknown', says: `not tried: ${says}` });
  const key = await deployedKey(stack, patient);
  if (!key) return looked({ smoke: notTried('it takes MaiAgent’s key') });
  const { baseUrl, apiPrefix, inboxId } = stage.maiAgent;
  const way: Way = {
    url: `${stack.outputs['ApiUrl']}/v1`,
    name: `Smoke test ${clock.now()}`,
    contacts: (path) => patient.ask(`${baseUrl}${apiPrefix}/contacts/${path}`, key),
    clock,
  };
  const webhook = await webhookOf(stage, stack, patient);
  const api = tokens.backEnd === undefined ? undefined : apiOf(tokens.backEnd);
  const teller = webhook ?? api;
  const { user } = tokens;
  const come = (told: Teller | undefined, userId: string, needs: string) =>
    told ? () => lives(userId, told, way, () => named(userId, way, inboxId)) : notTried(needs);
  const { smokeUser } = stage;
  return looked({
    'smoke-webhook': come(webhook, nobody, 'it takes a source generic as it is by itself, and its secret'),
    'smoke-api': come(api, `${nobody}-api`, `it takes a token of a back end in the variable SMOKE_SERVICE_TOKEN`),
    'smoke-sign-in':
      user === undefined || smokeUser === undefined || !teller
        ? notTried(
            'it takes one of these, smokeUser in the stage, and a token of that user in the variable SMOKE_TOKEN',
          )
        : async () =>
            isOf(user, stage.claims.userId, smokeUser)
              ? lives(smokeUser, teller, way, () => signedIn(way, user))
              : bad('SMOKE_TOKEN is no token of smokeUser, and nobody else may be erased'),
  });
}

/** How a deployment is told of people: answers the status of the request. */
interface Teller {
  readonly by: string;
  readonly tell: (userId: string, what: 'created' | 'deleted', way: Way) => Promise<number | undefined>;
}

async function webhookOf(stage: Stage, stack: Standing, patient: Patient): Promise<Teller | undefined> {
  const source = stage.sources.find((one) => isDeepStrictEqual({ ...one, name: 'plain', svixSecrets: false }, plain));
  const secrets = await secretOf(stack, 'SetSourceSecretsCommand', patient).catch(() => undefined);
  const secret = source && valueAt(parsedJson(secrets ?? ''), source.name);
  if (!source || !Array.isArray(secret)) return undefined;
  return {
    by: `a webhook of ${source.name}`,
    async tell(userId, what, way) {
      const at = new Date(way.clock.now()).toISOString();
      const data = { userId, version: at, name: way.name };
      const body = JSON.stringify({ type: `user.${what}`, timestamp: at, data });
      const proof = signed('generic', String(secret[0]), body, `${at}-${userId}-${what}`);
      return (await send('POST', `webhooks/${source.name}`, proof, body, way))?.status;
    },
  };
}

const apiOf = (token: string): Teller => ({
  by: 'the API',
  async tell(userId, what, way) {
    const version = new Date(way.clock.now()).toISOString();
    const headers = { authorization: `Bearer ${token}`, 'user-id': encodeURIComponent(userId) };
    const [method, body] =
      what === 'deleted'
        ? (['DELETE', { version }] as const)
        : (['PUT', { version, name: way.name, create: true }] as const);
    return (await send(method, 'users/-', headers, JSON.stringify(body), way))?.status;
  },
});

interface Way {
  readonly url: string;
  /** What this run calls its people. */
  readonly name: string;
  readonly contacts: (path: string) => ReturnType<Patient['ask']>;
  readonly clock: Clock;
}

/** Tells of a user, finds the contact, tells of the deletion whatever was found, and waits until the contact is gone. */
async function lives(userId: string, { by, tell }: Teller, way: Way, find: () => Promise<string | undefined>) {
  const created = await tell(userId, 'created', way);
  const contactId = isTaken(created) ? await soon(find, way.clock) : undefined;
  const deleted = await tell(userId, 'deleted', way);
  if (!isTaken(created) || !isTaken(deleted))
    return bad(`${by} is answered ${created} and ${deleted}: look into the logs of user-changed, identify and manage`);
  if (contactId === undefined)
    return bad(`${userId} has no contact after three minutes: look into the logs of identify and sync`);
  const isGone = async () => (await way.contacts(`${contactId}/`))?.status === 404 || undefined;
  if (await soon(isGone, way.clock)) return good(`${userId} got a contact, which was erased again`);
  return bad(
    `the contact ${contactId} of ${userId} is there three minutes after its erasure: docs/operations.md, OldestDue`,
  );
}

const isTaken = (status: number | undefined): boolean => status === 200 || status === 202;

/** The contact that has the name of this run: one of an earlier run may still be found. */
async function named(userId: string, way: Way, inboxId: string): Promise<string | undefined> {
  const answer = await way.contacts(`?inboxes=${inboxId}&query=${userId}&pageSize=100`);
  const { results = [] } = (answer?.body ?? {}) as { results?: readonly { id: string; name?: unknown }[] };
  return results.find(({ name }) => name === way.name)?.id;
}

/** Nobody verifies the token here; the bridge does. */
const isOf = (token: string, claim: string, userId: string): boolean =>
  String(valueAt(parsedJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()), claim)) === userId;

async function signedIn(way: Way, token: string): Promise<string | undefined> {
  const answer = await send('POST', 'identity', { authorization: `Bearer ${token}` }, '{}', way);
  return (answer?.body as { contactId?: string } | undefined)?.contactId;
}

const send = (method: string, path: string, headers: Readonly<Record<string, string>>, body: string, { url }: Way) =>
  answerOf(`${url}/${path}`, { method, headers: { 'content-type': 'application/json', ...headers }, body });

async function soon<Seen>(look: () => Promise<Seen | undefined>, clock: Clock): Promise<Seen | undefined> {
  for (const untilMs = clock.elapsed() + patienceMs; ; await clock.sleep(1_000)) {
    const seen = await look();
    if (seen !== undefined || clock.elapsed() > untilMs) return seen;
  }
}
