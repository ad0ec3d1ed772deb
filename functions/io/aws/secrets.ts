import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { attempted } from '../../rules/attempted.ts';

/** A secret that an execution environment caches. It is read again when it proved wrong or is too old. */
export type Secret = ReturnType<typeof cachedSecret>;

/** A wrong key makes every call fail, and without this pause each of them would read the secret again. */
const READ_AGAIN_PAUSE_MS = 5_000;

/** A secret in AWS Secrets Manager, kept in memory. One that was never given a value reads as empty text (`ResourceNotFoundException`). */
export function storedSecret(client: () => SecretsManagerClient, secretId: string, maxAgeMs = Infinity): Secret {
  const fetchNow = async (): Promise<string> => {
    try {
      const { SecretString } = await client().send(new GetSecretValueCommand({ SecretId: secretId }));
      return SecretString?.trim() ?? '';
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return '';
      throw error;
    }
  };
  return cachedSecret(fetchNow, Date.now, maxAgeMs);
}

/** The caching rule of `storedSecret` over any way to fetch. A failed fetch is not remembered. */
export function cachedSecret(fetchNow: () => Promise<string>, now: () => number, maxAgeMs = Infinity) {
  let current: Promise<string> | undefined;
  let fetchedAt = 0;
  const start = (): Promise<string> => {
    fetchedAt = now();
    const fetching = fetchNow();
    current = fetching;
    fetching.catch(() => {
      if (current === fetching) current = undefined;
    });
    return fetching;
  };
  return {
    read: () => (current && now() - fetchedAt <= maxAgeMs ? current : start()),
    /** Reads the secret again, for a caller for whom `known` did not work. Simultaneous callers share one request. */
    async readAgain(known: string): Promise<string> {
      const latest = await (current ?? start());
      if (latest !== known) return latest;
      // Another caller may have started a request while this one waited.
      return now() - fetchedAt < READ_AGAIN_PAUSE_MS ? (current ?? start()) : start();
    },
  };
}

/** Of the text `{"<source>": ["<secret>", …]}` those of one source. Anything but a list of texts counts as no secret, so that nothing is proven. */
export function secretsFor(name: string, text: string): string[] {
  const all = attempted(() => JSON.parse(text) as Record<string, unknown> | null) ?? {};
  const own = Object.hasOwn(all, name) ? all[name] : [];
  return Array.isArray(own) ? own.filter((one) => typeof one === 'string') : [];
}

/** What a source's secrets prove, if anything. A secret that was just added is found by asking once more. */
export async function provenBy<Proof>(
  name: string,
  secrets: Secret,
  prove: (own: readonly string[]) => Proof | undefined | Promise<Proof | undefined>,
): Promise<Proof | undefined> {
  const known = await secrets.read();
  const proof = await prove(secretsFor(name, known));
  if (proof) return proof;
  const fresh = await secrets.readAgain(known);
  return fresh === known ? undefined : prove(secretsFor(name, fresh));
}
