import { ACMClient, DescribeCertificateCommand } from '@aws-sdk/client-acm';
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  UpdateTerminationProtectionCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

/** What is asked of an account before something is deployed into it. Nothing here changes anything but `remove`. */
export interface Account {
  /** Whose credentials these are. */
  caller(): Promise<{ readonly account: string; readonly region: string }>;
  /** How many executions Lambda gives the account at once, and how many of them no function has reserved. */
  concurrency(): Promise<{ readonly all: number; readonly unreserved: number }>;
  /** A stack by its name; undefined where there is none. */
  stack(name: string): Promise<Standing | undefined>;
  /** What an address answers: its status, and its body where that is JSON; undefined where nothing answers. */
  read(url: string): Promise<{ readonly status: number; readonly body: unknown } | undefined>;
  /**
   * What is set on a table: `index …`, `stream …` where its latest shows both images, `expiry by …`, and `point-in-time recovery`;
   * undefined where it is not there.
   */
  table(name: string): Promise<readonly string[] | undefined>;
  /** The state of a certificate (`ISSUED` where it serves), and the names that it is for; undefined where it is not there. */
  certificate(arn: string): Promise<{ readonly status: string; readonly names: readonly string[] } | undefined>;
  /** Takes a stack down, protected or not. */
  remove(stackName: string): Promise<void>;
}

/** What is of interest of a stack. */
export interface Standing {
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
}

const answerMsMax = 10_000;

/** The account of the environment's credentials. The region is the stage's, where it names one. */
export function awsAccount(region?: string): Account {
  const at = { ...(region !== undefined && { region }) };
  const formation = new CloudFormationClient(at);
  const lambda = new LambdaClient(at);
  const sts = new STSClient(at);
  return {
    async caller() {
      const { Account: account = '' } = await sts.send(new GetCallerIdentityCommand({}));
      return { account, region: await sts.config.region() };
    },
    async concurrency() {
      const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
      return {
        all: AccountLimit?.ConcurrentExecutions ?? 0,
        unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? 0,
      };
    },
    async stack(name) {
      try {
        const { Stacks: [found] = [] } = await formation.send(new DescribeStacksCommand({ StackName: name }));
        return found && standing(found);
      } catch (error) {
        // CloudFormation has no error of its own for a stack that is not there.
        if (error instanceof Error && error.message.includes('does not exist')) return undefined;
        throw error;
      }
    },
    async certificate(CertificateArn) {
      try {
        const { Certificate } = await new ACMClient(at).send(new DescribeCertificateCommand({ CertificateArn }));
        return { status: Certificate?.Status ?? '', names: Certificate?.SubjectAlternativeNames ?? [] };
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
        throw error;
      }
    },
    table: (name) => tableNow(new DynamoDBClient(at), name),
    read: (url) => answerOf(url),
    async remove(StackName) {
      await formation.send(new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false }));
      await formation.send(new DeleteStackCommand({ StackName }));
    },
  };
}

async function tableNow(client: DynamoDBClient, TableName: string): ReturnType<Account['table']> {
  try {
    const [{ Table }, { TimeToLiveDescription: ttl }, { ContinuousBackupsDescription: backups }] = await Promise.all([
      client.send(new DescribeTableCommand({ TableName })),
      client.send(new DescribeTimeToLiveCommand({ TableName })),
      client.send(new DescribeContinuousBackupsCommand({ TableName })),
    ]);
    const isRecoverable = backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED';
    return [
      ...(Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => `index ${IndexName}`),
      ...(Table?.StreamSpecification?.StreamViewType === 'NEW_AND_OLD_IMAGES'
        ? [`stream ${Table.LatestStreamArn}`]
        : []),
      ...(ttl?.TimeToLiveStatus?.startsWith('ENABL') ? [`expiry by ${ttl.AttributeName}`] : []),
      ...(isRecoverable ? ['point-in-time recovery'] : []),
    ];
  } catch (error) {
    if (error instanceof Error && /^(Resource|Table)NotFoundException$/.test(error.name)) return undefined;
    throw error;
  }
}

const standing = ({ StackStatus, Outputs = [] }: Stack): Standing => ({
  status: StackStatus ?? '',
  outputs: Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
});

/** What a GET is answered: its status, and its body where that is JSON; undefined where nothing answers. */
export async function answerOf(url: string, init: RequestInit = {}): ReturnType<Account['read']> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(answerMsMax) });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  } catch {
    return undefined;
  }
}
