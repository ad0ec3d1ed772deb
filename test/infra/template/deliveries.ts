import { each, listOf, plain, type Resources, type Statement } from './policies.ts';

interface PolicyProperties {
  readonly Topics: readonly string[];
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

/** Sentences about alarms that nobody would hear of although the stage names somebody. */
export function undelivered(resources: Resources): string[] {
  const topics = new Set(each(resources, 'AWS::SNS::Topic').map(({ id }) => plain(id)));
  const policies = each<PolicyProperties>(resources, 'AWS::SNS::TopicPolicy');
  const heard = each<{ TopicArn: string }>(resources, 'AWS::SNS::Subscription').map(
    ({ properties }) => properties.TopicArn,
  );
  const alarms = each<{ AlarmName: string; AlarmActions?: string[] }>(resources, 'AWS::CloudWatch::Alarm');
  const anyTells = alarms.some(({ properties }) => properties.AlarmActions);
  return alarms.flatMap(({ properties: { AlarmName, AlarmActions } }) => {
    if (!anyTells) return [];
    if (!AlarmActions?.length) return [`${AlarmName} tells nobody`];
    return AlarmActions.filter((topic) => topics.has(topic)).flatMap((topic) => [
      ...(heard.includes(topic) ? [] : [`${AlarmName}: nobody is subscribed to ${topic}`]),
      ...(letsPublish(policies, topic) ? [] : [`${AlarmName}: CloudWatch may not publish to ${topic}`]),
    ]);
  });
}

/** A topic's own policy replaces the one by which SNS lets the account publish, so CloudWatch must be named in it. */
function letsPublish(policies: readonly { properties: PolicyProperties }[], topic: string): boolean {
  const own = policies.filter(({ properties }) => properties.Topics.includes(topic));
  if (own.length === 0) return true;
  return own
    .flatMap(({ properties }) => properties.PolicyDocument.Statement)
    .some(
      ({ Effect, Principal, Action, Resource }) =>
        Effect === 'Allow' &&
        listOf(Principal?.Service).includes('cloudwatch.amazonaws.com') &&
        listOf(Action).includes('sns:Publish') &&
        listOf(Resource).includes(topic),
    );
}

const targets: Readonly<Record<string, RegExp>> = {
  'AWS::Lambda::Function': /\.Arn$/,
  'AWS::S3::Bucket': /\.Arn$/,
  'AWS::DynamoDB::Table': /\.StreamArn$/,
  'AWS::SQS::Queue': /\.Arn$/,
};

interface Ends {
  readonly EventSourceArn?: string;
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: string } };
  readonly Target?: { readonly Arn?: string } | string;
  readonly IntegrationUri?: string;
}

/** Sentences about sources, destinations and targets that lead nowhere, and about functions that their gateway may not call. */
export function unreachable(resources: Resources): string[] {
  const known = new Set(
    Object.entries(targets).flatMap(([type, attribute]) =>
      each(resources, type).map(({ id }) => `${plain(id)}${attribute.source.replaceAll(/[\\$]/g, '')}`),
    ),
  );
  const leads = (arn: string | undefined): boolean =>
    arn === undefined || known.has(arn) || /^arn:aws[a-z-]*:(dynamodb|sqs|sns|lambda):[a-z0-9-]+:\d{12}:\S+$/.test(arn);
  const ends = ['AWS::Lambda::EventSourceMapping', 'AWS::Scheduler::Schedule', 'AWS::ApiGatewayV2::Integration'];
  const lost = ends.flatMap((type) =>
    each<Ends>(resources, type).flatMap(
      ({ id, properties: { EventSourceArn, DestinationConfig, Target, IntegrationUri } }) =>
        [
          EventSourceArn,
          DestinationConfig?.OnFailure?.Destination,
          typeof Target === 'object' ? Target.Arn : undefined,
          IntegrationUri,
        ]
          .filter((arn) => !leads(arn))
          .map((arn) => `${plain(id)} leads to ${arn}, which is nothing`),
    ),
  );
  const permitted = each<{ FunctionName: string; Principal: string }>(resources, 'AWS::Lambda::Permission')
    .filter(({ properties }) => properties.Principal === 'apigateway.amazonaws.com')
    .map(({ properties }) => properties.FunctionName);
  const shut = each<Ends>(resources, 'AWS::ApiGatewayV2::Integration')
    .filter(({ properties: { IntegrationUri = '' } }) => !permitted.includes(IntegrationUri))
    .map(({ properties }) => `the gateway may not call ${properties.IntegrationUri}`);
  const asked = each<{ AuthorizerUri?: string }>(resources, 'AWS::ApiGatewayV2::Authorizer').flatMap(
    ({ properties: { AuthorizerUri = '' } }) => /functions\/(.+)\/invocations$/.exec(AuthorizerUri)?.[1] ?? [],
  );
  const unasked = asked
    .filter((arn) => !known.has(arn) || !permitted.includes(arn))
    .map((arn) => `the gateway may not ask ${arn} who somebody is`);
  return [...lost, ...shut, ...unasked];
}
