import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import { CfnOutput, Stack, Tags } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { addAlarms } from './alarms.ts';
import { authorizeJob } from './authorize.ts';
import { broadcastJob } from './broadcast.ts';
import { stackNameOf, type Stage } from './config.ts';
import { addDashboard } from './dashboard.ts';
import { BridgeApi } from './http-api.ts';
import { identifyJob } from './identify.ts';
import { manageJob } from './manage.ts';
import type { Parts } from './parts.ts';
import { newestLoader } from './released-loaders.ts';
import { isProtected } from './protection.ts';
import { Quarantine } from './quarantine.ts';
import { scimJob } from './scim.ts';
import { Secrets } from './secrets.ts';
import { syncJob } from './sync.ts';
import { BroadcastsTable, LinksTable } from './tables.ts';
import { userChangedJob } from './user-changed.ts';

/** One deployment of the bridge: its two tables, the API, one construct per job, and what tells a person how they do. */
export class BridgeStack extends Stack {
  constructor(scope: Construct, stage: Stage, bundleDir: string, deployment: number) {
    super(scope, stackNameOf(stage), {
      description: `contact-bridge ${stage.stage}: one MaiAgent contact for every person who opens the Web Chat`,
      terminationProtection: isProtected(scope, stage),
      ...(stage.aws && { env: stage.aws }),
    });
    const place = { scope: this, stage, bundleDir };
    const { keys } = stage.tokens;
    const authorize = keys && authorizeJob(place, keys);
    const parts: Parts = {
      ...place,
      links: new LinksTable(this, stage),
      broadcasts: new BroadcastsTable(this, stage),
      secrets: new Secrets(this, 'Secrets', stage),
      api: new BridgeApi(this, 'HttpApi', stage, authorize),
      quarantine: new Quarantine(this, 'Quarantine', stage),
    };
    const identify = identifyJob(parts);
    const userChanged = userChangedJob(parts);
    const scim = scimJob(parts);
    const manage = manageJob(parts);
    const sync = syncJob(parts);
    const broadcast = broadcastJob(parts);
    const declared = [...(scim ? [scim] : []), ...(authorize ? [authorize] : [])];
    const jobs = [identify, userChanged, sync, manage, broadcast, ...declared];
    const watched = { apiId: parts.api.apiId, identify, userChanged, sync, broadcast, scim, jobs };
    addDashboard(this, watched, addAlarms(this, watched, stage));
    this.mark(stage);
    this.addOutputs(parts, deployment);
  }

  private mark({ tags, permissionsBoundaryArn: arn }: Stage): void {
    for (const [key, value] of Object.entries(tags)) Tags.of(this).add(key, value);
    if (arn !== undefined)
      PermissionsBoundary.of(this).apply(ManagedPolicy.fromManagedPolicyArn(this, 'PermissionsBoundary', arn));
  }

  private addOutputs({ links, broadcasts, secrets, api, quarantine }: Parts, deployment: number): CfnOutput[] {
    const { version, integrity } = newestLoader();
    const outputs: Record<string, [description: string, value: string]> = {
      ApiUrl: ['The address of the API', api.url],
      LinksTableName: ['The table that ties people to contacts', links.table.tableName],
      BroadcastsTableName: ['The table of the broadcasts and of who was sent what', broadcasts.table.tableName],
      EmbedSnippet: [
        "Paste it into the page; token() returns the signed-in user's token",
        embedSnippet(api.url, `src="${api.url}/contact-bridge.js"`),
      ],
      EmbedSnippetPinned: [
        'The same with a released loader that never changes, held to its hash',
        embedSnippet(api.url, `src="${api.url}/contact-bridge/${version}.js" integrity="${integrity}" crossorigin`),
      ],
      SetApiKeyCommand: [
        "Run it once in bash or zsh and type MaiAgent's API key: it is not shown, and stays out of the shell's history",
        setSecretCommand(secrets.apiKeyArn, this.region),
      ],
      WebhookUrl: [
        "Where a user store sends its changes; <source> is the source's name",
        `${api.url}/v1/webhooks/<source>`,
      ],
      SetSourceSecretsCommand: [
        'Run it in bash or zsh and paste {"<source>": ["<secret>", ...]} for every source on one line: it is not shown',
        setSecretCommand(secrets.sourceSecretsArn, this.region),
      ],
      DeploymentNumber: [
        'By which functions know whose settings are the latest; the next one is higher',
        String(deployment),
      ],
      QuarantineBucketName: ['Holds the batches that a stream gave up, whole', quarantine.bucket.bucketName],
    };
    if (api.domainTarget !== undefined)
      outputs['DomainTarget'] = ['Where the DNS record of the domain points, as a CNAME or an alias', api.domainTarget];
    return Object.entries(outputs).map(([id, [description, value]]) => new CfnOutput(this, id, { description, value }));
  }
}

/** What a web developer pastes (docs/loader.md). A page without `currentUsersToken` is told so in its console, and makes nobody a visitor. */
function embedSnippet(api: string, source: string): string {
  const start = `contactBridge.start({ api: '${api}', token: () => currentUsersToken() })`;
  return `<script ${source}></script><script>${start}</script>`;
}

/** Read without echo and given through standard input, the key enters neither the history nor the list of processes. */
function setSecretCommand(arn: string, region: string): string {
  const put = `aws secretsmanager put-secret-value --region ${region} --secret-id ${arn} --secret-string file:///dev/stdin`;
  return `read -rs KEY && printf %s "$KEY" | ${put}; unset KEY`;
}
