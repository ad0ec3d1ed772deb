/** What a SCIM request did wrong, by the words of RFC 7644 §3.12, with the status and a sentence that repeats nothing of the request. */
const failures = {
  invalidFilter: [400, 'The filter cannot be understood, or is larger than this service takes.'],
  tooMany: [400, 'The filter would have to look at too many resources: filter by userName, externalId or displayName.'],
  uniqueness: [
    409,
    'Another resource of this directory has that userName, externalId, displayName or user id already.',
  ],
  mutability: [400, 'The id, the schemas, the meta data and the groups of a user cannot be written.'],
  invalidSyntax: [400, 'The body is not a JSON object of the form that this operation takes.'],
  invalidPath: [400, 'The path names no attribute of this resource.'],
  noTarget: [400, 'The path names nothing that this resource has.'],
  invalidValue: [400, 'A value is missing, not of its type, or longer than can be kept.'],
  unauthorized: [401, 'The bearer token is missing or not one of this directory.'],
  notFound: [404, 'There is no such resource.'],
  methodNotAllowed: [405, 'This address takes another method.'],
  preconditionFailed: [412, 'The resource is no longer the one that If-Match names.'],
  tooLarge: [413, 'The body has more than 1 MiB, or the user has more than can be kept.'],
  contentType: [415, 'The content type must be application/scim+json or application/json, not compressed.'],
  notImplemented: [501, 'Not supported: see ServiceProviderConfig.'],
} as const satisfies Readonly<Record<string, readonly [status: number, detail: string]>>;
type Kind = keyof typeof failures;

/** The words that the RFC has for a `scimType`; the others are told by their status alone. */
const TYPES = /^(invalid|tooMany|uniqueness|mutability|noTarget)/;

/** The client's fault; nothing was written. */
export class ScimFailure extends Error {
  override readonly name = 'ScimFailure';
  readonly kind: Kind;
  readonly status: number;

  constructor(kind: Kind) {
    super(kind);
    this.kind = kind;
    [this.status] = failures[kind];
  }

  get body() {
    return errorBody(this.status, failures[this.kind][1], TYPES.test(this.kind) ? this.kind : undefined);
  }
}

/** An error as RFC 7644 §3.12 writes it. */
export const errorBody = (status: number, detail: string, scimType?: string) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
  status: String(status),
  ...(scimType !== undefined && { scimType }),
  detail,
});

export const isFailure = (word: string | undefined): word is Kind =>
  word !== undefined && Object.hasOwn(failures, word);
