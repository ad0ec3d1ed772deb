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
import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

/** What is asked of an account before something is deployed into it. Nothing here changes anything but `remove`. */
export type Account = ReturnType<typeof awsAccount>;

/** The status of a stack of which nothing but the name has been made. */
export const IN_REVIEW = 'REVIEW_IN_PROGRESS';

const answerMsMax = 10_000;

/** The account of the environment's credentials. The region is the stage's, where it names one. */
export function awsAccount(region?: string) {
  const at = { ...(region !== undefined && { region }) };
  const formation = new CloudFormationClient(at);
  const lambda = new LambdaClient(at);
  const sts = new STSClient(at);
  return {
    /** Whose credentials these are. */
    async caller() {
      const { Account: account = '' } = await sts.send(new GetCallerIdentityCommand({}));
      return { account, region: await sts.config.region() };
    },
    /** How many executions Lambda gives the account at once, and how many of them no function has reserved. */
    async concurrency() {
      const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
      return {
        all: AccountLimit?.ConcurrentExecutions ?? 0,
        unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? 0,
      };
    },
    /** How many of them this function has reserved. */
    async reserved(FunctionName: string) {
      const asked = await unlessMissing(() => lambda.send(new GetFunctionConcurrencyCommand({ FunctionName })));
      return asked?.ReservedConcurrentExecutions ?? 0;
    },
    /**
     * A stack by its name; undefined where there is none. Whoever stops a first deployment may leave one in review, which has a name and nothing
     * else, stays so, and is deployed as a new one (CloudFormation, "Stack status codes"): only who asks for it sees it.
     */
    stack: (StackName: string, { isReviewToo = false } = {}) =>
      unlessMissing(async () => {
        const { Stacks: [found] = [] } = await formation.send(new DescribeStacksCommand({ StackName }));
        return found && (isReviewToo || found.StackStatus !== IN_REVIEW) ? standing(found) : undefined;
      }),
    /** The state of a certificate (`ISSUED` where it serves), and the names that it is for; undefined where it is not there. */
    certificate: (CertificateArn: string): Promise<{ status: string; names: readonly string[] } | undefined> =>
      unlessMissing(async () => {
        const { Certificate } = await new ACMClient(at).send(new DescribeCertificateCommand({ CertificateArn }));
        return { status: Certificate?.Status ?? '', names: Certificate?.SubjectAlternativeNames ?? [] };
      }),
    table: (name: string) => unlessMissing(() => tableNow(new DynamoDBClient(at), name)),
    read: (url: string) => answerOf(url),
    /** Takes a stack down, protected or not. */
    async remove(StackName: string) {
      await formation.send(new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false }));
      await formation.send(new DeleteStackCommand({ StackName }));
    },
  };
}

/** What AWS says of something; undefined where it is not there. CloudFormation has no error of its own for that. */
async function unlessMissing<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    const { name, message } = error as Error;
    if (/^(Resource|Table)NotFoundException$/.test(name) || message.includes('does not exist')) return undefined;
    throw error;
  }
}

/** What is set on a table: `index …`, `stream …` where its latest shows both images, `expiry by …`, and `point-in-time recovery`. */
async function tableNow(client: DynamoDBClient, TableName: string): Promise<readonly string[]> {
  const [{ Table }, { TimeToLiveDescription: ttl }, { ContinuousBackupsDescription: backups }] = await Promise.all([
    client.send(new DescribeTableCommand({ TableName })),
    client.send(new DescribeTimeToLiveCommand({ TableName })),
    client.send(new DescribeContinuousBackupsCommand({ TableName })),
  ]);
  const isRecoverable = backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED';
  const hasStream = Table?.StreamSpecification?.StreamViewType === 'NEW_AND_OLD_IMAGES';
  return [
    ...(Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => `index ${IndexName}`),
    ...(hasStream ? [`stream ${Table.LatestStreamArn}`] : []),
    ...(ttl?.TimeToLiveStatus?.startsWith('ENABL') ? [`expiry by ${ttl.AttributeName}`] : []),
    ...(isRecoverable ? ['point-in-time recovery'] : []),
  ];
}

/** What is of interest of a stack. */
export type Standing = ReturnType<typeof standing>;
const standing = ({ StackStatus, Outputs = [] }: Stack): { status: string; outputs: Record<string, string> } => ({
  status: StackStatus ?? '',
  outputs: Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
});

/** What a GET is answered: its status, and its body where that is JSON; undefined where nothing answers. */
export async function answerOf(url: string, init: RequestInit = {}) {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(answerMsMax) });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  } catch {
    return undefined;
  }
}
