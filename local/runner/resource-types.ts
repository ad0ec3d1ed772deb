import { TemplateError } from './intrinsics.ts';

/** What runs. Each type's properties stand where they are read. */
const runs: ReadonlySet<string> = new Set([
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Authorizer',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::ApiGatewayV2::Stage',
  'AWS::DynamoDB::Table',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::S3::Bucket',
  'AWS::Scheduler::Schedule',
  'AWS::Scheduler::ScheduleGroup',
  'AWS::SecretsManager::Secret',
]);

/** Types that change nothing here: permissions, observation, and what only AWS itself reads. */
const inertTypes: ReadonlySet<string> = new Set([
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  // What EventBridge brings comes from outside: whoever rehearses it hands it over as the queue would.
  'AWS::Events::Rule',
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
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
]);

/** Whether the runner does nothing with a type and knows that. Throws `TemplateError` for a type that it has never heard of. */
export function isInert(type: string, logicalId: string): boolean {
  if (inertTypes.has(type)) return true;
  if (runs.has(type)) return false;
  throw new TemplateError(
    `${logicalId}: the runner does not know the resource type ${type}, so it cannot run this stack`,
  );
}
