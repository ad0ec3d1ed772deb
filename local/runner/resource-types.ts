import { TemplateError } from './intrinsics.ts';

/**
 * What the runner does with the properties of a resource type: it acts on `acts`, and knows that `inert` changes
 * nothing that can be seen on one machine (IAM, encryption, backups, tags). Any other property stops it: a template
 * that means more than what runs here must not look tried.
 */
interface Treatment {
  readonly acts: readonly string[];
  readonly inert: readonly string[];
}

const runs: Readonly<Record<string, Treatment>> = {
  'AWS::DynamoDB::Table': {
    acts: [
      'TableName',
      'KeySchema',
      'AttributeDefinitions',
      'GlobalSecondaryIndexes',
      'StreamSpecification',
      'TimeToLiveSpecification',
    ],
    inert: ['BillingMode', 'PointInTimeRecoverySpecification', 'SSESpecification', 'DeletionProtectionEnabled'],
  },
  'AWS::Lambda::Function': {
    acts: [
      'FunctionName',
      'Code',
      'Handler',
      'Runtime',
      'Timeout',
      'MemorySize',
      'Environment',
      'LoggingConfig',
      'ReservedConcurrentExecutions',
    ],
    inert: ['Role', 'Architectures', 'Description'],
  },
  'AWS::Lambda::EventSourceMapping': {
    acts: [
      'EventSourceArn',
      'FunctionName',
      'StartingPosition',
      'BatchSize',
      'FilterCriteria',
      'FunctionResponseTypes',
      'BisectBatchOnFunctionError',
      'MaximumRetryAttempts',
      'DestinationConfig',
    ],
    // Records never grow old enough here: the streams are as young as the runner.
    inert: ['MaximumBatchingWindowInSeconds', 'MaximumRecordAgeInSeconds', 'ParallelizationFactor', 'MetricsConfig'],
  },
  'AWS::Scheduler::Schedule': {
    acts: ['ScheduleExpression', 'Target'],
    inert: ['GroupName', 'FlexibleTimeWindow'],
  },
  'AWS::Scheduler::ScheduleGroup': { acts: ['Name'], inert: [] },
  'AWS::SecretsManager::Secret': { acts: ['Name', 'GenerateSecretString'], inert: ['Description'] },
  'AWS::ApiGatewayV2::Api': { acts: ['ProtocolType', 'CorsConfiguration'], inert: ['Name'] },
  'AWS::ApiGatewayV2::Stage': {
    acts: ['ApiId', 'StageName', 'DefaultRouteSettings', 'RouteSettings'],
    inert: ['AutoDeploy', 'AccessLogSettings'],
  },
  'AWS::ApiGatewayV2::Integration': {
    acts: ['ApiId', 'IntegrationType', 'IntegrationUri', 'PayloadFormatVersion', 'TimeoutInMillis'],
    inert: [],
  },
  'AWS::ApiGatewayV2::Authorizer': {
    acts: [
      'ApiId',
      'AuthorizerType',
      'IdentitySource',
      'JwtConfiguration',
      'AuthorizerUri',
      'AuthorizerPayloadFormatVersion',
      'EnableSimpleResponses',
      'AuthorizerResultTtlInSeconds',
    ],
    inert: ['Name'],
  },
  'AWS::ApiGatewayV2::Route': {
    acts: ['ApiId', 'RouteKey', 'Target', 'AuthorizationType', 'AuthorizerId', 'AuthorizationScopes'],
    inert: [],
  },
  'AWS::S3::Bucket': {
    acts: ['BucketName'],
    inert: ['BucketEncryption', 'LifecycleConfiguration', 'PublicAccessBlockConfiguration'],
  },
};

/** Types that change nothing here: permissions, observation, and what only AWS itself reads. */
const inertTypes: ReadonlySet<string> = new Set([
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  // How AWS repeats a call of a schedule that failed; here none is repeated.
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
]);

/** Whether the runner does nothing with a type and knows that. Throws `TemplateError` for a type that it has never heard of. */
export function isInert(type: string, logicalId: string): boolean {
  if (inertTypes.has(type)) return true;
  if (Object.hasOwn(runs, type)) return false;
  throw new TemplateError(
    `${logicalId}: the runner does not know the resource type ${type}, so it cannot run this stack`,
  );
}

/** Throws `TemplateError` when a resource that runs has a property that the runner neither acts on nor knows to be inert. */
export function refuseUnknownProperties(type: string, logicalId: string, properties: object): void {
  const treatment = runs[type];
  if (!treatment) return;
  for (const name of Object.keys(properties)) {
    if (!treatment.acts.includes(name) && !treatment.inert.includes(name))
      throw new TemplateError(`${logicalId}: the runner does not know the property ${name} of ${type}`);
  }
}
