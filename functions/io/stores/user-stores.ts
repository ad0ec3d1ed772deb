import { storeApiOf } from '../../rules/stores/read-sources.ts';
import type { SourceDeclaration } from '../../rules/sources/source.ts';
import type { Clock } from '../clock.ts';
import type { HttpSend } from '../https.ts';
import type { SignRequest } from './sign-request.ts';
import { StoreClient, type UserStore } from './store-client.ts';

/** The stores of the sources that declare how their users are read. The secrets of `staff` are those under `staff.read`. */
export function userStores(
  secretsOf: (name: string) => Promise<readonly string[]>,
  send: HttpSend,
  sign: SignRequest,
  clock: Clock,
): (source: SourceDeclaration) => UserStore | undefined {
  const known = new Map<string, UserStore>();
  return (source) => {
    const api = storeApiOf(source);
    if (!api) return undefined;
    const { name } = source;
    const store =
      known.get(name) ?? new StoreClient(api, { secrets: () => secretsOf(`${name}.read`), send, sign, clock });
    known.set(name, store);
    return store;
  };
}
