import { CfnOutput, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { addAlarms } from './alarms.ts';
import { isDisposable, type Stage } from './config.ts';
import { BridgeApi } from './http-api.ts';
import { Identify } from './identify.ts';
import { LinksTable } from './links-table.ts';
import { Secrets } from './secrets.ts';

/** One deployment of the bridge: the table, the API, and one construct per job. */
export class BridgeStack extends Stack {
  constructor(scope: Construct, stage: Stage, bundleDir: string) {
    super(scope, stackNameOf(stage), {
      description: `contact-bridge ${stage.stage}: one MaiAgent contact for every person who opens the Web Chat`,
      terminationProtection: !isDisposable(stage),
    });
    const links = new LinksTable(this, 'Links', stage);
    const secrets = new Secrets(this, 'Secrets', stage);
    const api = new BridgeApi(this, 'HttpApi', stage);
    const { job: identify } = new Identify(this, 'identify', { stage, bundleDir, links, secrets, api });
    if (stage.alarmEmail) addAlarms(this, { email: stage.alarmEmail, apiId: api.apiId, jobs: [identify] });
    this.addOutputs(links, secrets, api);
  }

  private addOutputs(links: LinksTable, secrets: Secrets, api: BridgeApi): CfnOutput[] {
    const outputs: Record<string, [description: string, value: string]> = {
      ApiUrl: ['The address of the API', api.url],
      LinksTableName: ['The table that ties people to contacts', links.table.tableName],
      EmbedSnippet: ["Paste it into the page; token() returns the signed-in user's token", embedSnippet(api.url)],
      SetApiKeyCommand: [
        "Run it once in bash or zsh and type MaiAgent's API key: it is not shown, and stays out of the shell's history",
        setSecretCommand(secrets.apiKeyArn, this.region),
      ],
    };
    return Object.entries(outputs).map(([id, [description, value]]) => new CfnOutput(this, id, { description, value }));
  }
}

/** `contact-bridge-<stage>`: the name by which people and the CDK CLI know a deployment. */
function stackNameOf({ stage }: Pick<Stage, 'stage'>): string {
  return `contact-bridge-${stage}`;
}

/** What a web developer pastes. Without `token` the page's people are visitors. */
function embedSnippet(api: string): string {
  const start = `contactBridge.start({ api: '${api}', token: () => sessionStorage.getItem('id_token') })`;
  return `<script src="${api}/contact-bridge.js"></script><script>${start}</script>`;
}

/** Read without echo and given through standard input, the key enters neither the history nor the list of processes. */
function setSecretCommand(arn: string, region: string): string {
  const put = `aws secretsmanager put-secret-value --region ${region} --secret-id ${arn} --secret-string file:///dev/stdin`;
  return `read -rs KEY && printf %s "$KEY" | ${put}; unset KEY`;
}
