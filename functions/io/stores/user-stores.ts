import type { SourceDeclaration } from '../../rules/sources/source.ts';
import type { Clock } from '../clock.ts';
import type { HttpSend } from '../https.ts';
import { KeycloakUsers, type UserStore } from './keycloak-users.ts';

/** The stores of the sources that declare how their users are read. The secrets of `staff` are those under `staff.read`. */
export function userStores(
  secretsOf: (name: string) => Promise<readonly string[]>,
  send: HttpSend,
  clock: Clock,
): (source: SourceDeclaration) => UserStore | undefined {
  const known = new Map<string, UserStore>();
  return (source) => {
    if (source.kind !== 'keycloak' || !source.read) return undefined;
    const { name, read } = source;
    const store = known.get(name) ?? new KeycloakUsers(read, () => secretsOf(`${name}.read`), send, clock);
    known.set(name, store);
    return store;
  };
}
