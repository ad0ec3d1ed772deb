/** What a resource is called on this machine: the values of `Ref` and `Fn::GetAtt`. */
export interface Identity {
  readonly ref: string;
  /** The value of an attribute; undefined where the resource has none of that name. */
  readonly attribute: (name: string) => string | undefined;
  readonly isApi: boolean;
}

const account = 'us-east-1:000000000000';

/**
 * The identity of a resource before it exists. Names are the same at each start, so that tables which were kept are
 * found again. The shape of an ARN matters to readers of it: a stream's ARN holds its table's name.
 */
export function identify(
  type: string,
  logicalId: string,
  properties: Readonly<Record<string, unknown>>,
  stackName: string,
  apiUrl: string,
): Identity {
  const given = (property: string) => (typeof properties[property] === 'string' ? properties[property] : undefined);
  const made = `${stackName}-${logicalId}`;
  switch (type) {
    case 'AWS::DynamoDB::Table': {
      const name = given('TableName') ?? made;
      const arn = `arn:aws:dynamodb:${account}:table/${name}`;
      return identity(name, { Arn: arn, StreamArn: `${arn}/stream/local` });
    }
    case 'AWS::Lambda::Function': {
      const name = given('FunctionName') ?? made;
      return identity(name, { Arn: `arn:aws:lambda:${account}:function:${name}` });
    }
    case 'AWS::SecretsManager::Secret': {
      const arn = `arn:aws:secretsmanager:${account}:secret:${given('Name') ?? made}-local1`;
      return identity(arn, { Id: arn });
    }
    case 'AWS::S3::Bucket': {
      const name = given('BucketName') ?? made.toLowerCase();
      return identity(name, { Arn: `arn:aws:s3:::${name}` });
    }
    case 'AWS::Scheduler::ScheduleGroup': {
      const name = given('Name') ?? made;
      return identity(name, { Arn: `arn:aws:scheduler:${account}:schedule-group/${name}` });
    }
    case 'AWS::ApiGatewayV2::Api':
      return {
        ...identity(logicalId.toLowerCase(), { ApiEndpoint: apiUrl, ApiId: logicalId.toLowerCase() }),
        isApi: true,
      };
    case 'AWS::Logs::LogGroup':
      return identity(given('LogGroupName') ?? `/local/${made}`, {
        Arn: `arn:aws:logs:${account}:log-group:${made}:*`,
      });
    default:
      // Of the rest only other resources of AWS read more than the id: an ARN in its shape is enough for each attribute.
      return { ref: logicalId, attribute: (name) => `arn:aws:local:${account}:${logicalId}/${name}`, isApi: false };
  }
}

function identity(ref: string, attributes: Record<string, string>): Identity {
  return { ref, attribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined), isApi: false };
}
