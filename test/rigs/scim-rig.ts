import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import type { Settings } from '../../functions/env.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { ScimTable } from '../../functions/io/scim/scim-table.ts';
import { withdrawalsOf } from '../../functions/io/scim/withdrawals.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { sourceSchema, type SourceDeclaration } from '../../functions/rules/sources/source.ts';
import { scim } from '../../functions/scim.ts';
import { callUndescribed, type SampleAnswer, type SampleRequest } from './gateway-event.ts';
import { permitted } from './permitted.ts';
import type { RealDeps } from './real-parts.ts';
import { sampleSettings } from './sample-settings.ts';

export const scimToken = 'kq7Zt-Vw3xLm9RbPd2Yh8NcJf5TgXsUe4AoQi6-wE';
export const scimSource: SourceDeclaration = sourceSchema.parse({ kind: 'scim', name: 'entra' });

interface ScimRequest {
  readonly body?: unknown;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly rawBody?: string;
  readonly token?: string;
  readonly source?: string;
  readonly client?: DynamoDBClient;
}

/** The job `scim` in this process, over the same real parts as identify. */
export class ScimRig {
  readonly #real: RealDeps;
  readonly settings: Settings;
  tokens: Readonly<Record<string, readonly string[]>> = { entra: [scimToken], okta: [scimToken] };

  constructor(real: RealDeps, settings: Partial<Settings> = {}) {
    this.#real = real;
    this.settings = { ...sampleSettings, sources: [scimSource], ...settings };
  }

  job(client: DynamoDBClient = this.#real.table.client) {
    const { clock, lines } = this.#real;
    const may = permitted('scim', client);
    return scim({
      settings: this.settings,
      clock,
      log: jsonLog('scim', (line) => void lines.push(line)),
      tableOf: (source) => new ScimTable(may, 'Links', clock, source),
      links: new DynamoLinkTable(may, 'Links', clock),
      secrets: cachedSecret(() => Promise.resolve(JSON.stringify(this.tokens)), Date.now),
    });
  }

  /** `GET Users/<id>` and the like. */
  ask(what: string, request: ScimRequest = {}): Promise<SampleAnswer> {
    const [method = '', resource = ''] = what.split(' ');
    const { source = 'entra', token = scimToken, body, rawBody, query, client } = request;
    const sample: SampleRequest = {
      routeKey: `${method} /scim/v2/{source}/{resource+}`,
      path: `/scim/v2/${source}/${resource}`,
      parameters: { source, resource },
      ...(query && { query }),
      ...(body !== undefined && { body }),
      ...(rawBody !== undefined && { rawBody }),
      headers: {
        host: 'api.sample.test',
        authorization: `Bearer ${token}`,
        ...((body !== undefined || rawBody !== undefined) && { 'content-type': 'application/scim+json' }),
        ...request.headers,
      },
    };
    const job = this.job(client);
    return callUndescribed((event, context) => job(event, context) as never, sample);
  }

  /** One call of the schedule. */
  async carry(client?: DynamoDBClient): Promise<void> {
    await this.job(client)({ carry: true }, { awsRequestId: 'sample' } as Context);
  }

  /** The job `identify` where this directory is declared. */
  identify(userId: string, claims: Record<string, unknown> = {}): Promise<SampleAnswer> {
    const { table, clock } = this.#real;
    const client = permitted('identify', table.client);
    const links = new DynamoLinkTable(client, 'Links', clock, withdrawalsOf(this.settings.sources, client, 'Links'));
    const job = this.#real.job({ settings: this.settings, links });
    return callUndescribed(job, { routeKey: 'POST /v1/identity', claims: { sub: userId, ...claims }, body: {} });
  }

  async link(userId: string): Promise<Link | undefined> {
    return new DynamoLinkTable(this.#real.table.client, 'Links', this.#real.clock).read(`user#${userId}`);
  }
}

/** A user as a directory writes it. */
export const sampleUser = (name: string, changes: object = {}) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  externalId: `oid-${name}`,
  userName: `${name}@sample.test`,
  displayName: `Sample ${name}`,
  active: true,
  emails: [{ primary: true, type: 'work', value: `${name}@sample.test` }],
  ...changes,
});

export const patchOf = (...Operations: object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
});
