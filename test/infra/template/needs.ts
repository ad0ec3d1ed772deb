import type { JobName } from '../../../infra/bundle.ts';
import { keyActions } from '../../../infra/encryption.ts';
import { calls, directoryCalls, fullReadCalls } from './calls.ts';
import { each, plain, type Resources, type Rights } from './policies.ts';

interface FunctionProperties {
  readonly FunctionName: string;
  readonly Role: string;
  readonly LoggingConfig: { readonly LogGroup: string };
  readonly TracingConfig?: { readonly Mode: string };
  readonly VpcConfig?: object;
}
interface MappingProperties {
  readonly FunctionName: string;
  readonly EventSourceArn: string;
  readonly DestinationConfig?: { readonly OnFailure: { readonly Destination: string } };
}
interface ScheduleProperties {
  readonly Target: { readonly Arn: string; readonly RoleArn: string; readonly Input?: string };
}

const streamActions = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'];

const interfaceActions = ['Create', 'Delete', 'Describe']
  .map((one) => `ec2:${one}NetworkInterface${one === 'Describe' ? 's' : ''} *`)
  .concat(['ec2:DescribeSubnets *', 'ec2:AssignPrivateIpAddresses *', 'ec2:UnassignPrivateIpAddresses *']);
const traceActions = ['xray:PutTraceSegments *', 'xray:PutTelemetryRecords *'];

/**
 * Every right that a role must have for the template to work: what its job calls, and what AWS does in its name. `streamKeys` are the keys
 * of tables that are not of this template.
 */
export function needs(resources: Resources, streamKeys: readonly string[] = []): Rights {
  const rights = new Map<string, Set<string>>();
  const need = (role: string, ...some: string[]): void => {
    const own = rights.get(role) ?? new Set();
    rights.set(role, own);
    for (const one of some) own.add(one);
  };
  const roles = new Map<string, string>();
  const tables = each<{ SSESpecification: { KMSMasterKeyId?: string } }>(resources, 'AWS::DynamoDB::Table');
  const keys = [...new Set(tables.flatMap(({ properties }) => properties.SSESpecification.KMSMasterKeyId ?? []))];
  for (const { id, properties } of each<FunctionProperties>(resources, 'AWS::Lambda::Function')) {
    const role = properties.Role.replace(/\.Arn$/, '');
    roles.set(plain(id), role);
    const group = `${properties.LoggingConfig.LogGroup}.Arn`;
    need(role, `logs:CreateLogStream ${group}`, `logs:PutLogEvents ${group}`, ...callsOf(properties.FunctionName));
    // AWS, "Giving Lambda functions access to resources in an Amazon VPC"; X-Ray and EC2 know no resources here.
    if (properties.VpcConfig) need(role, ...interfaceActions);
    if (properties.TracingConfig?.Mode === 'Active') need(role, ...traceActions);
    need(role, ...keys.flatMap((key) => keyActions.map((action) => `${action} ${key}`)));
  }
  for (const { properties } of each<MappingProperties>(resources, 'AWS::Lambda::EventSourceMapping')) {
    const role = roles.get(properties.FunctionName) ?? `nobody, for ${properties.FunctionName}`;
    need(role, ...streamActions.map((one) => `dynamodb:${one} ${properties.EventSourceArn}`));
    const bucket = properties.DestinationConfig?.OnFailure.Destination;
    if (properties.EventSourceArn.startsWith('arn:')) need(role, ...streamKeys.map((key) => `kms:Decrypt ${key}`));
    // AWS, "Retain discarded records for a DynamoDB event source in Lambda".
    if (bucket) need(role, `s3:ListBucket ${bucket}`, `s3:PutObject ${bucket}/aws/lambda/*`);
  }
  for (const { properties } of each<ScheduleProperties>(resources, 'AWS::Scheduler::Schedule')) {
    need(properties.Target.RoleArn.replace(/\.Arn$/, ''), `lambda:InvokeFunction ${properties.Target.Arn}`);
    const isFull = properties.Target.Input === '{"fullReads":true}';
    if (properties.Target.Input === '{"carry":true}')
      need(roles.get('identifyJobFunction') ?? 'nobody', ...directoryCalls);
    if (isFull) need(roles.get(properties.Target.Arn.replace(/\.Arn$/, '')) ?? 'nobody', ...fullReadCalls);
  }
  // The schedules of the broadcasts are made while the bridge runs, with the role that the job may pass.
  for (const right of [...rights.values()].flatMap((own) => [...own]))
    if (right.startsWith('iam:PassRole '))
      need(right.replace(/^iam:PassRole (.*)\.Arn$/, '$1'), 'lambda:InvokeFunction broadcastJobFunction.Arn');
  return rights;
}

/** Functions are named `contact-bridge-<stage>-<job>`. */
function callsOf(functionName: string): string[] {
  const names = (Object.keys(calls) as JobName[]).filter((job) => functionName.endsWith(`-${job}`));
  const job = names.toSorted((a, b) => b.length - a.length)[0];
  if (!job) return [`calls that nobody has listed for ${functionName}`];
  return calls[job].map((right) => right.replace('<stack>', functionName.slice(0, -job.length - 1)));
}
