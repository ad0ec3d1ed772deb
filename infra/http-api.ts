import { CfnApi, CfnAuthorizer, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stack, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { boundedLogs } from './bounded-logs.ts';
import type { Stage } from './config.ts';
import type { Job } from './job.ts';

/** `POST /v1/identity`, or `$default` for whatever no other route takes. */
type RouteKey = `${'GET' | 'POST' | 'PUT' | 'DELETE'} /${string}` | '$default';

/** The words of CloudFormation itself: it takes the settings of single routes as plain JSON, which CDK does not rename. */
interface RouteLimit {
  readonly ThrottlingRateLimit: number;
  readonly ThrottlingBurstLimit: number;
}

type Throttle = Stage['throttle']['default'];

/** Who may call a route: the bearer of a valid token (with a scope, where one is named), or anyone, with the reason why. */
export type Route = {
  readonly key: RouteKey;
  /** How often; the stage's default where it is left out. */
  readonly throttle?: Throttle;
} & ({ readonly token: 'any' | { readonly scope: string } } | { readonly openBecause: string });

/** API Gateway ends a call after 30 s whatever is asked for; one second less lets its own answer through. */
const integrationTimeoutMs = 29_000;

/** Chromium caps it at 2 h; an hour saves nearly as many preflights and forgets a removed origin sooner. */
const corsMaxAgeS = 3_600;

/** What is logged of each request: nothing that says who asked. The path is left out because it may carry a user's id. */
const accessLogFields = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  route: '$context.routeKey',
  status: '$context.status',
  error: '$context.error.responseType',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationStatus: '$context.integration.status',
  responseBytes: '$context.responseLength',
};

/**
 * The bridge's one HTTP API: tokens are checked at its door, and only the stage's origins may call it from a page.
 * It is made of L1 constructs: each says exactly what stands in the template, and one integration can serve many routes.
 */
export class BridgeApi extends Construct {
  /** `https://<id>.execute-api.<region>.amazonaws.com`, without a slash at its end. */
  readonly url: string;
  readonly apiId: string;
  private readonly authorizer: CfnAuthorizer;
  private readonly stage: CfnStage;
  private readonly limits: Record<string, RouteLimit> = {};

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const api = new CfnApi(this, 'Api', {
      name: Stack.of(this).stackName,
      protocolType: 'HTTP',
      corsConfiguration: corsOf(stage),
    });
    this.url = api.attrApiEndpoint;
    this.apiId = api.ref;
    this.authorizer = new CfnAuthorizer(this, 'Token', {
      apiId: this.apiId,
      name: 'token',
      authorizerType: 'JWT',
      identitySource: ['$request.header.Authorization'],
      jwtConfiguration: { issuer: stage.tokens.issuer, audience: stage.tokens.audience },
    });
    this.stage = new CfnStage(this, 'Stage', {
      apiId: this.apiId,
      stageName: '$default',
      autoDeploy: true,
      defaultRouteSettings: {
        throttlingRateLimit: stage.throttle.default.ratePerSecond,
        throttlingBurstLimit: stage.throttle.default.burst,
      },
      routeSettings: this.limits,
      accessLogSettings: {
        destinationArn: boundedLogs(this, 'AccessLogs', stage).logGroupArn,
        format: JSON.stringify(accessLogFields),
      },
    });
  }

  /** Sends these routes to this job, through one integration and one permission. Call it once per job. */
  serve(job: Job, routes: readonly Route[]): void {
    job.function.addPermission('HttpApi', {
      principal: new ServicePrincipal('apigateway.amazonaws.com'),
      // Of this API alone; two stars, because the `$default` route has no method and path for a longer pattern to match.
      sourceArn: Stack.of(this).formatArn({ service: 'execute-api', resource: this.apiId, resourceName: '*/*' }),
    });
    const integration = new CfnIntegration(job, 'Integration', {
      apiId: this.apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: job.function.functionArn,
      payloadFormatVersion: '2.0',
      timeoutInMillis: integrationTimeoutMs,
    });
    for (const route of routes) this.add(route, `integrations/${integration.ref}`);
  }

  private add(route: Route, target: string): void {
    const made = new CfnRoute(this, route.key, {
      apiId: this.apiId,
      routeKey: route.key,
      target,
      ...this.access(route),
    });
    if ('openBecause' in route) {
      Validations.of(made).acknowledge({ id: 'AwsSolutions-APIG4', reason: route.openBecause });
    }
    if (!route.throttle) return;
    const { ratePerSecond, burst } = route.throttle;
    this.limits[route.key] = { ThrottlingRateLimit: ratePerSecond, ThrottlingBurstLimit: burst };
    // CloudFormation would otherwise make the stage first and fail, because the route that it limits is not there yet.
    this.stage.addResourceDependency(made);
  }

  private access(route: Route) {
    if ('openBecause' in route) return { authorizationType: 'NONE' };
    const scopes = route.token === 'any' ? {} : { authorizationScopes: [route.token.scope] };
    return { authorizationType: 'JWT', authorizerId: this.authorizer.ref, ...scopes };
  }
}

function corsOf(stage: Stage): CfnApi.CorsProperty {
  return {
    allowOrigins: stage.origins,
    allowMethods: ['POST'],
    allowHeaders: ['authorization', 'content-type'],
    // Without it a page may not read how long it shall wait.
    exposeHeaders: ['retry-after'],
    maxAge: corsMaxAgeS,
  };
}
