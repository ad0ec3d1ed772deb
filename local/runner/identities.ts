/** What a resource is called on this machine: the values of `Ref` and `Fn::GetAtt`. */
export interface Identity {
  readonly ref: string;
  /** The value of an attribute; undefined where the resource has none of that name. */
  readonly attribute: (name: string) => string | undefined;
}

/** The logical id as CDK's author wrote it: the construct's path without the eight digits that make it unique. */
export const withoutHash = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '');

const account = 'us-east-1:000000000000';

/** The property that names a resource of a type, and its ARN by its name. The shape of an ARN matters to readers of it. */
const named: Readonly<Record<string, readonly [property: string, arn: (name: string) => string]>> = {
  'AWS::DynamoDB::Table': ['TableName', (name) => `arn:aws:dynamodb:${account}:table/${name}`],
  'AWS::Lambda::Function': ['FunctionName', (name) => `arn:aws:lambda:${account}:function:${name}`],
  'AWS::Logs::LogGroup': ['LogGroupName', (name) => `arn:aws:logs:${account}:log-group:${name}:*`],
  'AWS::S3::Bucket': ['BucketName', (name) => `arn:aws:s3:::${name}`],
  'AWS::Scheduler::ScheduleGroup': ['Name', (name) => `arn:aws:scheduler:${account}:schedule-group/${name}`],
  'AWS::SecretsManager::Secret': ['Name', (name) => `arn:aws:secretsmanager:${account}:secret:${name}-local1`],
};

/** What a resource will be called: the same at each start, so that kept tables are found. `apiUrl` is where an HTTP API answers. */
export function identify(
  type: string,
  logicalId: string,
  properties: Readonly<Record<string, unknown>>,
  stackName: string,
  apiUrl: string,
): Identity {
  if (type === 'AWS::ApiGatewayV2::Api')
    return { ref: logicalId.toLowerCase(), attribute: (name) => (name === 'ApiEndpoint' ? apiUrl : undefined) };
  const [property, arnOf] = named[type] ?? [];
  // Of the rest only other resources of AWS read more than the id: an ARN in its shape is enough for each attribute.
  if (!property || !arnOf)
    return { ref: logicalId, attribute: (name) => `arn:aws:local:${account}:${logicalId}/${name}` };
  const made = `${stackName}-${logicalId}`;
  const given = properties[property];
  const name = typeof given === 'string' ? given : type === 'AWS::S3::Bucket' ? made.toLowerCase() : made;
  const Arn = arnOf(name);
  const attributes: Partial<Record<string, string>> =
    type === 'AWS::DynamoDB::Table' ? { Arn, StreamArn: `${Arn}/stream/local` } : { Arn };
  return { ref: type === 'AWS::SecretsManager::Secret' ? Arn : name, attribute: (wanted) => attributes[wanted] };
}
