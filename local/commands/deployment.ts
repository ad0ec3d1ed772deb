import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { urlOnThisMachine } from './address.ts';
import { askLocally } from './ask-locally.ts';
import { cloudWatchLines, linesWith } from './logs/cloudwatch-lines.ts';
import { CommandError } from './command-error.ts';
import { dynamoDbClient } from '../data/dynamodb-client.ts';
import type { LocalDeployment, LocallyKept } from '../http/deployment-routes.ts';
import type { InvocationResult } from '../runner/lambda/environment.ts';

/** Which deployment a command speaks to. */
export interface Target {
  readonly stage: string;
  readonly local?: string | true;
}

/** How a direct call of a function ended. */
export type Called =
  | { readonly kind: 'answered'; readonly payload: unknown }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'failed'; readonly message: string };

/** A running bridge as an operator reaches it: past its API, with rights of their own. */
export interface Deployment {
  /** Calls the job `user-changed`. Throws `CommandError` where there is none, or it cannot be reached. */
  callUserChanged(event: object): Promise<Called>;
  /** Calls the job `sync`, which alone speaks to MaiAgent for an operator, at the stage's own pace. */
  callSync(event: object): Promise<Called>;
  /** Calls the job `manage` as API Gateway does, for an operator who may call the function itself. */
  callManage(event: object): Promise<Called>;
  /** The names of the declared sources and where they are declared; undefined where that cannot be known. */
  sources(): Promise<{ readonly names: readonly string[]; readonly where: string } | undefined>;
  /** The table `Links`, and a client for it that the caller destroys. */
  links(): Promise<TableAt>;
  /** The same of the table `Broadcasts`. */
  broadcasts(): Promise<TableAt>;
  /** What the log has said since then of the person with this pseudonym, each line in JSON. */
  linesAbout(person: string, fromMs: number): Promise<string[]>;
  /** What the log has said since then of every audit, and of the newest event of each source, each line in JSON. */
  linesOfWork(fromMs: number): Promise<string[]>;
  /** How many batches that a stream gave up lie in the bucket. */
  givenUp(): Promise<number>;
}

interface TableAt {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** The account, region and stage, or the address on this machine: what tells tables of one name apart. */
  readonly where: string;
}

export const deploymentOf = ({ stage, local }: Target): Deployment =>
  local === undefined ? awsDeployment(stage) : localDeployment(local);

const job = 'user-changed';
/** The jobs that do something for one person. */
const jobs = ['identify', 'user-changed', 'scim', 'sync', 'manage'];

const CALL_ATTEMPTS = 8;
/** Longer than the function may run, so that a call never counts as lost while it still works. */
const callTimeoutMs = 60_000;

/** The deployment of a stage, in the account and region of the caller's AWS credentials. */
export function awsDeployment(stage: string): Deployment {
  const functionName = `contact-bridge-${stage}-${job}`;
  const ask = async <Answer>(question: (client: LambdaClient) => Promise<Answer>): Promise<Answer> => {
    // A function that is held to its concurrency refuses a call now and then.
    const client = new LambdaClient({ maxAttempts: CALL_ATTEMPTS });
    try {
      return await question(client);
    } catch (error) {
      throw explained(error, functionName);
    } finally {
      client.destroy();
    }
  };
  let operator: Promise<string | undefined> | undefined;
  const call = (FunctionName: string, event: object): Promise<Called> =>
    ask(async (client) => {
      const asked = JSON.stringify({ ...event, operator: await (operator ??= callerArn()) });
      const request = new InvokeCommand({ FunctionName, Payload: asked });
      const answer = await client.send(request, { abortSignal: AbortSignal.timeout(callTimeoutMs) });
      return calledOf(answer.Payload?.transformToString() ?? 'null', answer.FunctionError !== undefined);
    });
  const configurationOf = (client: LambdaClient, FunctionName: string) =>
    client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  // The function knows its table, so no second name has to be given.
  const tableOf = (name: string, variable: string): Promise<TableAt> =>
    ask(async (client) => {
      const { FunctionArn: where, Environment } = await configurationOf(client, name);
      const tableName = Environment?.Variables?.[variable];
      if (!tableName || !where) throw new CommandError(`${name} names no table: deploy the stage again`);
      return { client: new DynamoDBClient({}), tableName, where };
    });
  const groupsOf = (names: readonly string[]): Promise<string[]> =>
    ask(async (client) => {
      const groups = names.map(async (one) => {
        const name = `contact-bridge-${stage}-${one}`;
        const found = await configurationOf(client, name).catch((error: unknown) => {
          // Only a stage with a directory has this one.
          if (one !== 'scim' || !(error instanceof ResourceNotFoundException)) throw error;
        });
        return found ? [found.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`] : [];
      });
      return (await Promise.all(groups)).flat();
    });
  const lines = (groups: readonly string[], query: string, fromMs: number): Promise<string[]> =>
    cloudWatchLines(groups, query, { fromMs, untilMs: Date.now() });
  return {
    callUserChanged: (event) => call(functionName, event),
    callSync: (event) => call(`contact-bridge-${stage}-sync`, event),
    sources: () => declaredIn(stage),
    callManage: (event) => call(`contact-bridge-${stage}-manage`, event),
    links: () => tableOf(functionName, 'LINKS_TABLE'),
    broadcasts: () => tableOf(`contact-bridge-${stage}-manage`, 'BROADCASTS_TABLE'),
    linesAbout: async (person, fromMs) => lines(await groupsOf(jobs), linesWith(person), fromMs),
    linesOfWork: async (fromMs) => {
      const found = [
        lines(await groupsOf([job, 'scim']), 'filter event = "event" | sort @timestamp desc | dedup source', fromMs),
        lines(await groupsOf(['sync']), 'filter event = "audit"', fromMs),
      ];
      return (await Promise.all(found)).flat();
    },
    givenUp: () => givenUpOf(stage),
  };
}

async function givenUpOf(stage: string): Promise<number> {
  const { awsBucket } = await import('../deployed/quarantine-bucket.ts');
  return (await Array.fromAsync((await awsBucket(stage)).keys())).length;
}

/** For the audit trail: everybody may ask who they are (AWS, "GetCallerIdentity"). Where STS is out of reach, the line says `unnamed`. */
async function callerArn(): Promise<string | undefined> {
  const client = new STSClient({});
  const asked = client.send(new GetCallerIdentityCommand({})).catch(() => undefined);
  return (await asked.finally(() => client.destroy()))?.Arn;
}

/** What the stage's file says here, where it is; it may have been deployed from elsewhere. */
async function declaredIn(stage: string) {
  const { loadStage } = await import('../../infra/load-stage.ts');
  const { StageError } = await import('../../infra/check-stage.ts');
  try {
    const { sources = [] } = await loadStage(stage);
    const names = sources.flatMap((source) => ('name' in source ? source.name : []));
    return { names, where: `infra/stages/${stage}.ts` };
  } catch (error) {
    if (error instanceof StageError) return undefined;
    throw error;
  }
}

/** Lambda answers a function's failure as a payload with its type and message (AWS, "Invoke"). */
function calledOf(payloadJson: string, hasFailed: boolean): Called {
  const payload: unknown = JSON.parse(payloadJson);
  if (!hasFailed) return { kind: 'answered', payload };
  const { errorType = '', errorMessage = '' } = payload as { errorType?: string; errorMessage?: string };
  if (errorType === 'Sandbox.Timedout' || errorMessage.includes('Task timed out')) return { kind: 'timed-out' };
  return { kind: 'failed', message: errorMessage };
}

function explained(error: unknown, functionName: string): Error {
  if (error instanceof CommandError) return error;
  if (!(error instanceof Error)) return new CommandError(String(error));
  if (error.name === 'ResourceNotFoundException')
    return new CommandError(
      `there is no function ${functionName} in this account and region: is the stage deployed, and AWS_REGION right?`,
    );
  return new CommandError(`AWS: ${error.message}${missing(error.message)}`);
}

/** What the SDK does not say: how to give what it misses. */
function missing(message: string): string {
  if (message.includes('Region is missing')) return ': set AWS_REGION, such as AWS_REGION=eu-central-1';
  return message.includes('Could not load credentials') ? ': set AWS_PROFILE, or sign in' : '';
}

/** The bridge that `npm start` runs at this address of this machine. Throws `CommandError` for an address elsewhere. */
export function localDeployment(local: string | true): Deployment {
  const url = urlOnThisMachine(local);
  const tableOf = (endpoint: string, tableName: string): TableAt => ({
    client: dynamoDbClient(endpoint),
    tableName,
    where: `${url.origin} ${endpoint}`,
  });
  const ask = <Answer>(path: string, body?: object) => askLocally(url, path, body, callTimeoutMs) as Promise<Answer>;
  const call = async (name: string, event: object): Promise<Called> => {
    const body = { functionName: `contact-bridge-local-${name}`, event: { ...event, operator: 'local' } };
    const result = await ask<InvocationResult>('/local/invoke', body);
    if (result.kind === 'answered') return { kind: 'answered', payload: JSON.parse(result.payload) as unknown };
    if (result.kind === 'timed-out') return result;
    return { kind: 'failed', message: result.kind === 'failed' ? result.errorMessage : 'too many calls at once' };
  };
  return {
    callUserChanged: (event) => call(job, event),
    callSync: (event) => call('sync', event),
    callManage: (event) => call('manage', event),
    sources: async () => ({
      names: (await ask<LocalDeployment>('/local/deployment')).sources,
      where: url.origin,
    }),
    links: async () => {
      const { dynamoDbEndpoint, linksTable } = await ask<LocalDeployment>('/local/deployment');
      return tableOf(dynamoDbEndpoint, linksTable);
    },
    broadcasts: async () => {
      const { dynamoDbEndpoint, tables } = await ask<LocalDeployment>('/local/deployment');
      return tableOf(dynamoDbEndpoint, tables.find((name) => /broadcasts/i.test(name)) ?? 'Broadcasts');
    },
    linesAbout: async (person) => (await ask<{ lines: string[] }>('/local/logs', { person })).lines,
    linesOfWork: async () =>
      (await ask<LocallyKept>('/local/kept')).lines.filter((line) => /"event":"(event|audit)"/.test(line)),
    givenUp: async () => (await ask<LocallyKept>('/local/kept')).objects.length,
  };
}
