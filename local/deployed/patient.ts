import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { answerOf, awsAccount } from '../../infra/account.ts';

/** An alarm of the stack, as CloudWatch has it now. */
export interface AlarmNow {
  readonly name: string;
  readonly state: string;
  /** How many subscriptions somebody has confirmed at the topics that it tells; a topic that may not be asked counts as one. */
  readonly readers: number;
}

/** What `doctor` looks at, the account and more. Every question is a read. */
export type Patient = ReturnType<typeof awsPatient>;

/** The account, the stack and MaiAgent, with the credentials of the environment. */
export function awsPatient(region?: string) {
  const at = { ...(region !== undefined && { region }) };
  const secrets = new SecretsManagerClient(at);
  const cloudWatch = new CloudWatchClient(at);
  const sns = new SNSClient(at);
  return {
    ...awsAccount(region),
    /** The value of a secret; undefined where it has none. */
    async secret(SecretId: string) {
      try {
        return (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString;
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
        throw error;
      }
    },
    /** The alarms whose names begin with this. */
    async alarms(AlarmNamePrefix: string): Promise<readonly AlarmNow[]> {
      const pages = paginateDescribeAlarms({ client: cloudWatch, pageSize: 100 }, { AlarmNamePrefix });
      const MetricAlarms = (await Array.fromAsync(pages)).flatMap((page) => page.MetricAlarms ?? []);
      const topics = new Set(MetricAlarms.flatMap(({ AlarmActions = [] }) => AlarmActions));
      const readers = new Map(
        await Promise.all([...topics].map(async (topic) => [topic, await readersOf(sns, topic)] as const)),
      );
      return MetricAlarms.map(({ AlarmName = '', StateValue = '', AlarmActions = [] }) => ({
        name: AlarmName.slice(AlarmNamePrefix.length),
        state: StateValue,
        readers: AlarmActions.reduce((sum, topic) => sum + (readers.get(topic) ?? 0), 0),
      }));
    },
    ask,
  };
}

/** Until an address is confirmed by the mail that SNS sends it, its subscription has no ARN but a word (AWS, `ListSubscriptionsByTopic`). */
export async function readersOf(sns: Pick<SNSClient, 'send'>, TopicArn: string): Promise<number> {
  try {
    const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    return Subscriptions.filter(({ SubscriptionArn }) => SubscriptionArn?.startsWith('arn:')).length;
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('AuthorizationError')) return 1;
    throw error;
  }
}

/** What MaiAgent answers to this key, by one GET as the functions make it; undefined where nothing answers. */
export const ask = (url: string, apiKey: string) =>
  answerOf(url, { headers: { authorization: `Api-Key ${apiKey}` }, redirect: 'error' });
