import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  OriginRequestPolicy,
  OriginProtocolPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { CfnOutput, Stack, Tags, Validations } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { CLIENT_ADDRESS_HEADER } from '../functions/rules/http/client-network.ts';
import type { Stage } from './config.ts';

/** CloudFront takes web ACLs from here alone (AWS, "AWS::WAFv2::WebACL", Scope). */
const edgeRegion = 'us-east-1';

/** Says who asks, in place of whatever the client wrote there: CloudFront's own headers do not pass together with all of the viewer's. */
const nameClient = `function handler(event) {
  event.request.headers['${CLIENT_ADDRESS_HEADER}'] = { value: event.viewer.ip };
  return event.request;
}`;

const acknowledged: Readonly<Record<string, string>> = {
  'AwsSolutions-CFR1': 'The people of an enterprise travel: no country is kept out.',
  'AwsSolutions-CFR3': 'The API has an access log of its own that names nobody; CloudFront would log addresses.',
  'AwsSolutions-CFR4':
    'The certificate of cloudfront.net fixes the TLS version; a domain of its own comes with the stage.',
};

/** CloudFront and WAF before the API, whose throttle cannot tell clients apart: a stack of its own. Answers its address, if any. */
export function addEdge(scope: Construct, stage: Stage): CfnOutput | undefined {
  if (!stage.edge) return undefined;
  const { apiUrl, requestsPer5Minutes } = stage.edge;
  const stack = new Stack(scope, `contact-bridge-${stage.stage}-edge`, {
    env: { ...stage.aws, region: edgeRegion },
    description: `contact-bridge ${stage.stage}: a limit for each client, before the API`,
  });
  for (const [key, value] of Object.entries(stage.tags)) Tags.of(stack).add(key, value);
  const acl = new CfnWebACL(stack, 'Limits', {
    scope: 'CLOUDFRONT',
    defaultAction: { allow: {} },
    visibilityConfig: measured('limits'),
    rules: [
      {
        name: 'one-client',
        priority: 0,
        action: { block: { customResponse: { responseCode: 429 } } },
        statement: { rateBasedStatement: { limit: requestsPer5Minutes, aggregateKeyType: 'IP' } },
        visibilityConfig: measured('one-client'),
      },
    ],
  });
  const edge = new Distribution(stack, 'Edge', {
    webAclId: acl.attrArn,
    defaultBehavior: {
      origin: new HttpOrigin(new URL(apiUrl).hostname, { protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY }),
      allowedMethods: AllowedMethods.ALLOW_ALL,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      // Answers are about one person.
      cachePolicy: CachePolicy.CACHING_DISABLED,
      // Without `Host`: API Gateway knows its own name alone.
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      functionAssociations: [
        {
          eventType: FunctionEventType.VIEWER_REQUEST,
          function: new Function(stack, 'NameClient', {
            code: FunctionCode.fromInline(nameClient),
            runtime: FunctionRuntime.JS_2_0,
          }),
        },
      ],
    },
  });
  for (const [id, reason] of Object.entries(acknowledged)) Validations.of(edge).acknowledge({ id, reason });
  return new CfnOutput(stack, 'EdgeUrl', { value: `https://${edge.distributionDomainName}` });
}

const measured = (name: string) => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: false,
  metricName: `contact-bridge-${name}`,
});
