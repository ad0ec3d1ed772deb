import { Schemas } from 'scimmy';
import type { Json } from '../sources/json.ts';
import { ENTERPRISE } from './document.ts';
import type { Resource, ScimType } from './resource.ts';

/** The ETag of a resource: weak, because it says nothing of the bytes. */
export const etagOf = ({ revision }: Pick<Resource, 'revision'>): string => `W/"${revision}"`;

/** Whether a request that names these ETags is about the resource as it is. */
export const isMeant = (resource: Resource, ifMatch: string | undefined): boolean =>
  ifMatch === undefined || ifMatch.split(',').some((tag) => ['*', etagOf(resource)].includes(tag.trim()));

/** A resource as it is read (RFC 7643 §3.1). `base` is the address of the source; `members` are those of a group, where they are asked for. */
export function shown(type: ScimType, resource: Resource, base: string, members?: readonly string[]): Json {
  const { id, document = {}, groups = {}, createdAtMs, changedAtMs } = resource;
  return {
    ...document,
    id,
    ...(type === 'User' && {
      groups: Object.entries(groups).map(([value, display]) => ({ value, display, $ref: `${base}/Groups/${value}` })),
    }),
    ...(members && { members: members.map((value) => ({ value })) }),
    meta: {
      resourceType: type,
      created: new Date(createdAtMs).toISOString(),
      lastModified: new Date(changedAtMs).toISOString(),
      version: etagOf(resource),
      location: `${base}/${type}s/${id}`,
    },
  };
}

type Query = Readonly<Record<string, string | undefined>>;

/** Only these attributes, or all but these (RFC 7644 §3.9), whole ones: of a part that is asked for, its attribute comes. */
export function projected(resource: Json, { attributes, excludedAttributes }: Query): Json {
  const [only, without] = [namesIn(attributes), namesIn(excludedAttributes)];
  const isAsked = (name: string): boolean => only.some((one) => one === name || /^[.:]/.test(one.replace(name, '')));
  const isShown = (name: string): boolean => (only.length > 0 ? isAsked(name) : !without.includes(name));
  const isAlways = (name: string): boolean => name === 'id' || name === 'schemas';
  return Object.fromEntries(Object.entries(resource).filter(([name]) => isAlways(name) || isShown(name.toLowerCase())));
}

const namesIn = (list = ''): string[] =>
  list
    .toLowerCase()
    .match(/[^,\s]+/g)
    ?.map((name) => name.replace(/^urn:ietf:params:scim:schemas:core:2\.0:\w+:/, '')) ?? [];

export const listOf = (resources: readonly Json[], totalResults = resources.length, startIndex = 1): Json => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
  totalResults,
  startIndex,
  itemsPerPage: resources.length,
  Resources: resources,
});

/** How many resources one answer has at most. */
export const PAGE_MAX = 200;

/** Lambda answers 6 MB at most (AWS, "Lambda quotas"), in which the body is a text inside of JSON. The rest is left for what is around it. */
const PAGE_BYTES_MAX = 5_500_000;

/** The first of these, at least one, as many as one answer has room for: a client asks for the next page by how many it got. */
export function asManyAsFit(resources: readonly Json[]): readonly Json[] {
  let bytes = 0;
  const end = resources.findIndex(
    (one) => (bytes += Buffer.byteLength(JSON.stringify(JSON.stringify(one)))) > PAGE_BYTES_MAX,
  );
  return end < 0 ? resources : resources.slice(0, Math.max(1, end));
}

/** What this service can (RFC 7644 §4). Undefined for an address that there is not. */
export function discovery(what: string, base: string): Json | undefined {
  const [kind, id] = what.split('/');
  if (kind === 'ServiceProviderConfig' && id === undefined) return serviceProviderConfig(base);
  const all = kind === 'Schemas' ? schemas(base) : kind === 'ResourceTypes' ? resourceTypes(base) : undefined;
  return id === undefined ? all && listOf(all) : all?.find((one) => one['id'] === id);
}

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';
const [yes, no] = [{ supported: true }, { supported: false }];
const bearer = { type: 'oauthbearertoken', name: 'Bearer token', description: "This directory's own." };

const serviceProviderConfig = (base: string): Json => ({
  schemas: [`${CORE}:ServiceProviderConfig`],
  patch: yes,
  filter: { ...yes, maxResults: PAGE_MAX },
  changePassword: no,
  sort: no,
  etag: yes,
  bulk: { ...no, maxOperations: 0, maxPayloadSize: 0 },
  authenticationSchemes: [bearer],
  meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
});

const schemas = (base: string): Json[] =>
  [Schemas.User, Schemas.Group, Schemas.EnterpriseUser].map(
    ({ definition }) => definition.describe(`${base}/Schemas`) as unknown as Json,
  );

const resourceTypes = (base: string): Json[] =>
  (['User', 'Group'] as const).map((id) => ({
    schemas: [`${CORE}:ResourceType`],
    id,
    name: id,
    endpoint: `/${id}s`,
    schema: `${CORE}:${id}`,
    ...(id === 'User' && { schemaExtensions: [{ schema: ENTERPRISE, required: false }] }),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${id}` },
  }));
