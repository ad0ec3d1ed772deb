import { broadcastWorkers } from '../functions/env.ts';
import type { Account } from './account.ts';
import { isDisposable, stackNameOf, type Stage } from './config.ts';

/** One thing that was looked at: good, or what is wrong and what to do. */
export interface Finding {
  readonly check: string;
  readonly state: 'good' | 'bad' | 'unknown';
  readonly says: string;
}

export type Checked = Omit<Finding, 'check'>;
export const good = (says: string): Checked => ({ state: 'good', says });
export const bad = (says: string): Checked => ({ state: 'bad', says });

/** Lambda keeps this many places for functions that reserve none (AWS, "Configuring reserved concurrency for a function"). */
const keptUnreserved = 100;
/** What a template of today asks of the bootstrap stack (CDK, "Bootstrap template versions"). */
const bootstrapVersionMin = 6;

/** Everything that would make a deployment of this stage fail or go to the wrong place, asked without changing anything. */
export async function beforeDeployment(stage: Stage, account: Account): Promise<Finding[]> {
  return looked({
    account: () => rightPlace(stage, account),
    bootstrap: () => bootstrapped(account),
    stack: () => deployable(stage, account),
    concurrency: () => enoughPlaces(stage, account),
    ...(stage.domain && { certificate: () => servingCertificate(stage, account) }),
    tables: () => readyTable(stage, account),
    ...(stage.sources.some(({ kind }) => kind === 'table') && { 'user-tables': () => liveStreams(stage, account) }),
    issuer: () => readableIssuer(stage, account),
  });
}

/** What came of each of these questions, in their order. */
export function looked(checks: Readonly<Record<string, () => Promise<Checked>>>): Promise<Finding[]> {
  return Promise.all(Object.entries(checks).map(async ([check, run]) => ({ check, ...(await tried(run)) })));
}

/** A question that AWS refuses is no mistake of the stage: what it would have said stays unknown. */
async function tried(run: () => Promise<Checked>): Promise<Checked> {
  try {
    return await run();
  } catch (error) {
    const { name, message } = error as Error;
    if (/credentials|token/i.test(`${name} ${message}`))
      return bad(`AWS takes no credentials from here (${name}): set AWS_PROFILE, or sign in`);
    if (message.includes('Region is missing')) return bad('no region: set AWS_REGION, or give the stage aws.region');
    return { state: 'unknown', says: `AWS did not answer (${name}): may these credentials ask?` };
  }
}

/** Whether the credentials are of the one place that the stage is for. */
export async function rightPlace(
  stage: Pick<Stage, 'stage' | 'aws'>,
  account: Pick<Account, 'caller'>,
): Promise<Checked> {
  const caller = await account.caller();
  const here = `${caller.account} in ${caller.region}`;
  if (!stage.aws) {
    if (isDisposable(stage)) return good(here);
    return bad(`these credentials are of ${here}, and the stage says no place: add aws: { account, region } to it`);
  }
  if (stage.aws.account === caller.account && stage.aws.region === caller.region) return good(here);
  return bad(
    `these credentials are of ${here}, and the stage is for ${stage.aws.account} in ${stage.aws.region}: set AWS_PROFILE and AWS_REGION`,
  );
}

async function bootstrapped(account: Account): Promise<Checked> {
  const stack = await account.stack('CDKToolkit');
  if (!stack) return bad('the account is not bootstrapped in this region: run npx cdk bootstrap once');
  const version = Number(stack.outputs['BootstrapVersion']);
  if (version >= bootstrapVersionMin) return good(`version ${version}`);
  return bad(
    `the bootstrap stack has version ${version || 'none'}, and ${bootstrapVersionMin} is needed: run npx cdk bootstrap`,
  );
}

async function deployable(stage: Stage, account: Account): Promise<Checked> {
  const name = stackNameOf(stage);
  const stack = await account.stack(name);
  if (!stack) return good('does not stand yet');
  if (stack.status === 'ROLLBACK_COMPLETE' || stack.status === 'ROLLBACK_FAILED')
    return bad(
      `the first deployment failed (${stack.status}): delete it with aws cloudformation delete-stack --stack-name ${name}, and deploy again`,
    );
  if (stack.status.endsWith('_IN_PROGRESS')) return bad(`${stack.status}: wait until it is over`);
  if (stack.status.endsWith('_FAILED'))
    return bad(`${stack.status}: its events in CloudFormation say which resource is in the way`);
  return good(stack.status);
}

async function enoughPlaces(stage: Stage, account: Account): Promise<Checked> {
  const { all, unreserved } = await account.concurrency();
  if (!stage.reserveConcurrency) return good(`${unreserved} of ${all}, and the stage reserves none`);
  const wanted = stage.maiAgentLimits.concurrency + broadcastWorkers(stage.broadcasts);
  // What a stage that stands has reserved already, it gives back for what it reserves now.
  const own = await Promise.all(['sync', 'broadcast'].map((job) => account.reserved(`${stackNameOf(stage)}-${job}`)));
  const left = own.reduce((sum, one) => sum + one, unreserved);
  if (left - wanted >= keptUnreserved) return good(`${left} of ${all}, of which ${wanted} are reserved`);
  const enough = all - left + wanted + keptUnreserved;
  return bad(
    `Lambda keeps ${keptUnreserved} of the account's ${all} executions unreserved, and the stage reserves ${wanted}: ask Service Quotas for "Concurrent executions" of at least ${enough}, or set reserveConcurrency: false`,
  );
}

const tableIn = (streamArn: string): string => /:table\/([^/]+)/.exec(streamArn)?.[1] ?? '';

/** A stream that was switched off and on has another ARN, and of the one before nothing comes any more: no alarm tells that. */
async function liveStreams({ sources }: Stage, account: Account): Promise<Checked> {
  const wrong: string[] = [];
  for (const source of sources) {
    if (source.kind !== 'table') continue;
    const has = await account.table(tableIn(source.streamArn));
    if (!has?.includes(`stream ${source.streamArn}`)) wrong.push(`${source.name} names ${source.streamArn}`);
  }
  if (wrong.length === 0) return good('have the streams that the sources name');
  return bad(`${wrong.join(', ')}, which is not the table's stream of new and old images: copy its latest one`);
}

/**
 * A restored table has its rows and indexes, and nothing else of what ours are given (AWS, `RestoreTableToPointInTime`). A former commit may not name
 * it: everybody would be again what the spoilt table says.
 */
async function readyTable(stage: Stage, account: Account): Promise<Checked> {
  const { links: streamArn } = stage.restoredTables;
  if (streamArn === undefined) {
    const stack = stackNameOf(stage);
    const used = (await account.stack(stack))?.outputs['LinksTableName'];
    // As CloudFormation names a table of the stack's own.
    if (used === undefined || new RegExp(`^${stack}-LinksTable[0-9A-F]{8}-[0-9A-Z]+$`).test(used))
      return good('are those of the stack');
    return bad(
      `the links are in ${used}, and the stage names no restored table: give it restoredTables: { links: '<ARN of its stream>' } again`,
    );
  }
  const name = tableIn(streamArn);
  const has = (await account.table(name)) ?? [];
  const wanted = [
    'index Due',
    'index ByContact',
    `stream ${streamArn}`,
    'expiry by expiresAt',
    'point-in-time recovery',
  ];
  const lacks = wanted.filter((one) => !has.includes(one)).map((one) => `${name} lacks ${one}`);
  return lacks.length === 0
    ? good('the restored one is ready')
    : bad(`${lacks.join(', ')}: docs/upgrading.md has the commands`);
}

/** API Gateway takes a certificate of the API's own region that was issued for the name (AWS, "Regional custom domain names"). */
async function servingCertificate({ domain }: Stage, account: Account): Promise<Checked> {
  const { name = '', certificateArn = '' } = domain ?? {};
  const [, , , region] = certificateArn.split(':');
  const { region: here } = await account.caller();
  if (region !== here) return bad(`${certificateArn} is of ${region}: ask ACM in ${here} for one`);
  const certificate = await account.certificate(certificateArn);
  if (!certificate) return bad(`${certificateArn} is not there: copy domain.certificateArn from ACM`);
  const { status, names } = certificate;
  if (status !== 'ISSUED') return bad(`is ${status}: ACM says under it which DNS record it waits for`);
  if (names.includes(name) || names.includes(name.replace(/^[^.]+/, '*'))) return good(`is issued for ${name}`);
  return bad(`is for ${names.join(', ')}, and the stage's domain is ${name}`);
}

interface Discovery {
  readonly issuer?: unknown;
  readonly jwks_uri?: unknown;
}
interface Keys {
  readonly keys?: readonly { readonly kty?: string; readonly kid?: string }[];
}

/** API Gateway reads the issuer's discovery document while it makes the authorizer, and fails where it cannot (`CreateAuthorizer`). */
async function readableIssuer(stage: Stage, account: Account): Promise<Checked> {
  const { issuer, keys: own } = stage.tokens;
  if (own) return good(`${issuer}, whose tokens the bridge verifies itself`);
  const answer = await account.read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const way = 'API Gateway must read it from the internet';
  if (!answer) return bad(`${issuer} does not answer from here: ${way}, or give the stage tokens.keys`);
  if (answer.status !== 200 || typeof answer.body !== 'object' || answer.body === null)
    return bad(`${issuer} has no discovery document (it answered ${answer.status}): is this the "iss" of its tokens?`);
  const discovery = answer.body as Discovery;
  if (discovery.issuer !== issuer)
    return bad(`${issuer} calls itself ${String(discovery.issuer)}: write it letter for letter`);
  const keys = typeof discovery.jwks_uri === 'string' ? await account.read(discovery.jwks_uri) : undefined;
  const known = (keys?.body as Keys | undefined)?.keys ?? [];
  if (!known.some(({ kty, kid }) => kty === 'RSA' && kid !== undefined))
    return bad(`${issuer} shows no RSA key with a kid: API Gateway takes no other; give the stage tokens.keys`);
  return good(`${issuer}, ${known.length} keys`);
}
