import type { SourceDeclaration } from '../sources/source.ts';
import { auth0Api } from './auth0-api.ts';
import { cognitoApi } from './cognito-api.ts';
import { keycloakApi } from './keycloak-api.ts';
import type { StoreApi } from './store-api.ts';
import { workosApi } from './workos-api.ts';

/** A source that declares how its users are read. */
export type ReadSource = SourceDeclaration & {
  readonly read: { fullReadHours?: number | undefined; lossShare: number };
};

export const isRead = (source: SourceDeclaration): source is ReadSource =>
  'read' in source && source.read !== undefined;

/** How a source's users are read; `undefined` for one that does not declare it. */
export function storeApiOf(source: SourceDeclaration): StoreApi | undefined {
  if (!('read' in source) || !source.read) return undefined;
  switch (source.kind) {
    case 'keycloak':
      return keycloakApi(source.read);
    case 'auth0':
      return auth0Api(source.read);
    case 'workos':
      return workosApi(source.read, source.users);
    case 'cognito':
      return cognitoApi(source.read);
  }
}
