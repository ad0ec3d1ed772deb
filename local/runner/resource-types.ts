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
    inert: [
      'BillingMode',
      'OnDemandThroughput',
      'PointInTimeRecoverySpecification',
      'SSESpecification',
      'DeletionProtectionEnabled',
      'TableClass',
      'Tags',
    ],
  },
  'AWS::DynamoDB::GlobalTable': {
    acts: [
      'TableName',
      'KeySchema',
      'AttributeDefinitions',
      'GlobalSecondaryIndexes',
      'StreamSpecification',
      'TimeToLiveSpecification',
    ],
    inert: ['BillingMode', 'Replicas', 'SSESpecification', 'WriteOnDemandThroughputSettings'],
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
    inert: ['Role', 'Architectures', 'Description', 'Tags', 'TracingConfig', 'RecursiveLoop'],
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
      'Enabled',
    ],
    // Records never grow old enough here: the streams are as young as the runner.
    inert: [
      'MaximumBatchingWindowInSeconds',
      'MaximumRecordAgeInSeconds',
      'ParallelizationFactor',
      'Tags',
      'MetricsConfig',
    ],
  },
  'AWS::Scheduler::Schedule': {
    acts: ['ScheduleExpression', 'ScheduleExpressionTimezone', 'StartDate', 'EndDate', 'Target', 'State'],
    inert: ['Name', 'GroupName', 'Description', 'FlexibleTimeWindow', 'KmsKeyArn'],
  },
  'AWS::Scheduler::ScheduleGroup': { acts: ['Name'], inert: ['Tags'] },
  'AWS::Events::Rule': { acts: ['ScheduleExpression', 'Targets', 'State'], inert: ['Name', 'Description'] },
  'AWS::SecretsManager::Secret': {
    acts: ['Name', 'GenerateSecretString', 'SecretString'],
    inert: ['Description', 'KmsKeyId', 'Tags'],
  },
  'AWS::ApiGatewayV2::Api': {
    acts: ['ProtocolType', 'CorsConfiguration'],
    inert: ['Name', 'Description', 'DisableExecuteApiEndpoint', 'Tags', 'IpAddressType'],
  },
  'AWS::ApiGatewayV2::Stage': {
    acts: ['ApiId', 'StageName', 'DefaultRouteSettings', 'RouteSettings'],
    inert: ['AutoDeploy', 'AccessLogSettings', 'Description', 'Tags'],
  },
  'AWS::ApiGatewayV2::Integration': {
    acts: ['ApiId', 'IntegrationType', 'IntegrationUri', 'PayloadFormatVersion', 'TimeoutInMillis'],
    inert: ['Description', 'IntegrationMethod'],
  },
  'AWS::ApiGatewayV2::Authorizer': {
    acts: ['ApiId', 'AuthorizerType', 'IdentitySource', 'JwtConfiguration'],
    inert: ['Name'],
  },
  'AWS::ApiGatewayV2::Route': {
    acts: ['ApiId', 'RouteKey', 'Target', 'AuthorizationType', 'AuthorizerId', 'AuthorizationScopes'],
    inert: ['OperationName'],
  },
  'AWS::S3::Bucket': {
    acts: ['BucketName'],
    inert: [
      'BucketEncryption',
      'LifecycleConfiguration',
      'OwnershipControls',
      'PublicAccessBlockConfiguration',
      'Tags',
      'VersioningConfiguration',
    ],
  },
  'AWS::SQS::Queue': {
    acts: ['QueueName'],
    inert: ['MessageRetentionPeriod', 'SqsManagedSseEnabled', 'KmsMasterKeyId', 'VisibilityTimeout', 'Tags'],
  },
};

/** Types that change nothing here: permissions, observation, and what only AWS itself reads. */
const inertTypes: ReadonlySet<string> = new Set([
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  // How AWS repeats a call of a schedule that failed; here none is repeated.
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::SecretsManager::ResourcePolicy',
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
