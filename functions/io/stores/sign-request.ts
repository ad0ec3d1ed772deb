import { SignatureV4 } from '@smithy/signature-v4';
import type { Ask } from '../../rules/stores/store-api.ts';
import { Sha256 } from '../sha256.ts';
import type { Clock } from '../clock.ts';

/** Proves a request to AWS in the name of the function's role (AWS, "Signature Version 4"). */
export type SignRequest = (ask: Ask, place: { readonly service: string; readonly region: string }) => Promise<Ask>;

type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

/** With the credentials of an SDK client, and the SDK's own signer. */
export const requestSigner =
  (credentials: Credentials, clock: Clock): SignRequest =>
  async (ask, place) => {
    const { protocol, hostname, host, pathname } = new URL(ask.url);
    const signer = new SignatureV4({ credentials, ...place, sha256: Sha256 });
    const { method = 'POST', body } = ask;
    const request = { method, protocol, hostname, path: pathname, query: {}, headers: { ...ask.headers, host }, body };
    const { headers } = await signer.sign(request, { signingDate: new Date(clock.now()) });
    return { ...ask, headers };
  };
