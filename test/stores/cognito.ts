import type { Happening, People, Person } from './people.ts';
import { slice, StoreServer, type Asked, type Reply } from './store-server.ts';

const PAGE_MAX = 60;

/**
 * The part of Amazon Cognito that reads a user pool ("API reference": AdminGetUser, AdminListGroupsForUser, ListUsers). It looks whether a
 * request is signed for it and this region, and not at the signature. It shares no code with the bridge.
 */
export class CognitoServer extends StoreServer {
  protected readonly elsewhere = refusal('ResourceNotFoundException');
  readonly #people: People;
  readonly #userPoolId: string;

  constructor(people: People, userPoolId: string) {
    super();
    this.#people = people;
    this.#userPoolId = userPoolId;
  }

  /** The operation, and whether it goes on with a further page: all requests have one path. */
  protected override named({ header, text }: Asked): string {
    return `/${header('x-amz-target')?.split('.')[1] ?? ''}${text.includes('NextToken') ? '?NextToken' : ''}`;
  }

  protected respond(asked: Asked): Reply {
    const [region] = this.#userPoolId.split('_');
    const scope = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, /.exec(
      asked.header('authorization') ?? '',
    );
    if (scope?.[1] !== region || scope?.[2] !== 'cognito-idp') return refusal('UnrecognizedClientException');
    const input = JSON.parse(asked.text) as Readonly<Record<string, unknown>>;
    if (input['UserPoolId'] !== this.#userPoolId) return refusal('ResourceNotFoundException');
    const operation = this.named(asked).split('?')[0];
    if (operation === '/ListUsers') return this.#list(input, asked);
    const person = [...this.#people.all.values()].find((one) => usernameOf(one) === input['Username']);
    if (!person) return refusal('UserNotFoundException');
    if (operation === '/AdminGetUser') {
      const { Attributes, ...user } = userOf(person);
      const other = [{ Name: 'sub', Value: 'somebody-else' }];
      return { status: 200, body: { ...user, UserAttributes: asked.fault === 'another-user' ? other : Attributes } };
    }
    const from = asked.fault === 'page-twice' ? 0 : Number(input['NextToken'] ?? 0);
    const { items, isLast } = slice(person.groups, from, PAGE_MAX);
    const next = isLast ? {} : { NextToken: String(from + PAGE_MAX) };
    return {
      status: 200,
      body: { Groups: items.map((GroupName) => ({ GroupName, UserPoolId: this.#userPoolId })), ...next },
    };
  }

  #list({ Filter, PaginationToken, Limit = PAGE_MAX }: Readonly<Record<string, unknown>>, { fault }: Asked): Reply {
    const [, sub] = /^sub = "([^"]*)"$/.exec(typeof Filter === 'string' ? Filter : '') ?? [];
    // "It might return fewer items than you specify without having reached the end" (ibid., ListUsers): of those that are looked for none at first.
    if (sub !== undefined && PaginationToken === undefined)
      return { status: 200, body: { Users: [], PaginationToken: '0' } };
    const found = [...this.#people.all.values()].filter((one) => sub === undefined || one.id === sub);
    const from = fault === 'page-twice' ? 0 : Number(PaginationToken ?? 0);
    const { items, isLast } = slice(found, from, Number(Limit));
    return {
      status: 200,
      body: { Users: items.map(userOf), ...(!isLast && { PaginationToken: String(from + items.length) }) },
    };
  }
}

const refusal = (type: string): Reply => ({ status: 400, body: { __type: type, message: 'refused' } });

/** A user of another identity provider is known by the provider and the name there, everybody else here by the `sub`. */
const usernameOf = ({ id, name }: Person): string => (name.startsWith('Google') ? `Google_${name}` : id);

const userOf = (person: Person) => ({
  Username: usernameOf(person),
  Enabled: person.isEnabled,
  UserStatus: 'CONFIRMED',
  Attributes: [
    { Name: 'sub', Value: person.id },
    { Name: 'name', Value: person.name },
    { Name: 'email', Value: 'person@corp.example' },
  ],
});

const operations = {
  create: 'AdminCreateUser',
  rename: 'AdminUpdateUserAttributes',
  disable: 'AdminDisableUser',
  enable: 'AdminEnableUser',
  join: 'AdminAddUserToGroup',
  leave: 'AdminRemoveUserFromGroup',
  give: 'AdminUpdateUserAttributes',
  take: 'AdminUpdateUserAttributes',
  delete: 'AdminDeleteUser',
} as const;

/** What EventBridge brings of it (AWS, "AWS service events delivered via AWS CloudTrail"), with CloudTrail's whole seconds. */
export function cognitoEvent(userPoolId: string, { kind, person, number, atMs }: Happening): object {
  const eventTime = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const detail = {
    eventVersion: '1.11',
    eventSource: 'cognito-idp.amazonaws.com',
    eventName: operations[kind],
    eventTime,
    eventID: `trail-${number}`,
    eventType: 'AwsApiCall',
    readOnly: false,
    requestParameters: { userPoolId, username: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    responseElements: null,
    additionalEventData: { sub: person.id },
  };
  const id = `bridge-${number}`;
  return {
    version: '0',
    id,
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.cognito-idp',
    time: eventTime,
    detail,
  };
}
