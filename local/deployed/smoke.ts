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

/**
 * Two synthetic people go the whole way through a deployment: a webhook tells of them, one signs in with the token, a contact of each is at
 * MaiAgent, a second webhook erases both. Whom a killed run left, the next one erases. Says why something was not tried.
 */
export async function smoke(
  stage: Stage,
  stack: Standing,
  patient: Patient,
  token: string | undefined,
  clock: Clock = systemClock,
): Promise<Finding[]> {
  const source = stage.sources.find((one) => isDeepStrictEqual({ ...one, name: 'plain', svixSecrets: false }, plain));
  const secrets = await secretOf(stack, 'SetSourceSecretsCommand', patient).catch(() => undefined);
  const secret = source && valueAt(parsedJson(secrets ?? ''), source.name);
  const key = await deployedKey(stack, patient);
  const notTried = (says: string) => async (): Promise<Checked> => ({ state: 'unknown', says: `not tried: ${says}` });
  if (!source || !Array.isArray(secret) || !key)
    return looked({ smoke: notTried('it takes a source generic as it is by itself, its secret, and MaiAgent’s key') });
  const { baseUrl, apiPrefix, inboxId } = stage.maiAgent;
  const way: Way = {
    url: `${stack.outputs['ApiUrl']}/v1`,
    source: source.name,
    secret: String(secret[0]),
    name: `Smoke test ${clock.now()}`,
    contacts: (path) => patient.ask(`${baseUrl}${apiPrefix}/contacts/${path}`, key),
    clock,
  };
  const { smokeUser } = stage;
  return looked({
    'smoke-webhook': () => lives(nobody, way, () => named(way, inboxId)),
    'smoke-sign-in':
      token === undefined || smokeUser === undefined
        ? notTried('it takes smokeUser in the stage, and a token of that user in the variable SMOKE_TOKEN')
        : async () =>
            isOf(token, stage.claims.userId, smokeUser)
              ? lives(smokeUser, way, () => signedIn(way, token))
              : bad('SMOKE_TOKEN is no token of smokeUser, and nobody else may be erased'),
  });
}

interface Way extends Record<'url' | 'source' | 'secret', string> {
  /** What this run calls its people. */
  readonly name: string;
  readonly contacts: (path: string) => ReturnType<Patient['ask']>;
  readonly clock: Clock;
}

/** Tells of a user, finds the contact, tells of the deletion whatever was found, and waits until the contact is gone. */
async function lives(userId: string, way: Way, find: () => Promise<string | undefined>): Promise<Checked> {
  const created = await tell(userId, 'created', way);
  const contactId = created === 202 ? await soon(find, way.clock) : undefined;
  const deleted = await tell(userId, 'deleted', way);
  if (created !== 202 || deleted !== 202)
    return bad(`a webhook of ${way.source} is answered ${created} and ${deleted}: look into the log of user-changed`);
  if (contactId === undefined)
    return bad(`${userId} has no contact after three minutes: look into the logs of identify and sync`);
  const isGone = async () => (await way.contacts(`${contactId}/`))?.status === 404 || undefined;
  if (await soon(isGone, way.clock)) return good(`${userId} got a contact, which was erased again`);
  return bad(
    `the contact ${contactId} of ${userId} is there three minutes after its erasure: docs/operations.md, OldestDue`,
  );
}

async function tell(userId: string, what: 'created' | 'deleted', way: Way): Promise<number | undefined> {
  const at = new Date(way.clock.now()).toISOString();
  const data = { userId, version: at, name: way.name };
  const body = JSON.stringify({ type: `user.${what}`, timestamp: at, data });
  const path = `webhooks/${way.source}`;
  return (await post(path, signed('generic', way.secret, body, `${at}-${userId}-${what}`), body, way))?.status;
}

/** The contact that has the name of this run: one of an earlier run may still be found. */
async function named(way: Way, inboxId: string): Promise<string | undefined> {
  const answer = await way.contacts(`?inboxes=${inboxId}&query=${nobody}&pageSize=100`);
  const { results = [] } = (answer?.body ?? {}) as { results?: readonly { id: string; name?: unknown }[] };
  return results.find(({ name }) => name === way.name)?.id;
}

/** Nobody verifies the token here; the bridge does. */
const isOf = (token: string, claim: string, userId: string): boolean =>
  String(valueAt(parsedJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()), claim)) === userId;

async function signedIn(way: Way, token: string): Promise<string | undefined> {
  const answer = await post('identity', { authorization: `Bearer ${token}` }, '{}', way);
  return (answer?.body as { contactId?: string } | undefined)?.contactId;
}

const post = (path: string, headers: Readonly<Record<string, string>>, body: string, { url }: Way) =>
  answerOf(`${url}/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

async function soon<Seen>(look: () => Promise<Seen | undefined>, clock: Clock): Promise<Seen | undefined> {
  for (const untilMs = clock.elapsed() + patienceMs; ; await clock.sleep(1_000)) {
    const seen = await look();
    if (seen !== undefined || clock.elapsed() > untilMs) return seen;
  }
}
