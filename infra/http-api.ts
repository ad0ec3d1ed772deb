import {
  CfnApi,
  CfnApiMapping,
  CfnAuthorizer,
  CfnDomainName,
  CfnIntegration,
  CfnRoute,
  CfnStage,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stack, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { boundedLogs } from './bounded-logs.ts';
import {
  isOpen,
  keysOf,
  routes,
  scopeNeeded,
  writtenScope,
  type allRoutes,
  type Route,
} from '../functions/rules/http/routes.ts';
import type { Stage } from './config.ts';
import data from './http-api.json' with { type: 'json' };
import type { Job } from './job.ts';

/** The words of CloudFormation itself: it takes the settings of single routes as plain JSON, which CDK does not rename. */
interface RouteLimit {
  readonly ThrottlingRateLimit: number;
  readonly ThrottlingBurstLimit: number;
}

type Routes = ReturnType<typeof allRoutes>;
type OpenId = { [Id in keyof Routes]: Routes[Id]['who'] extends 'anyone' | 'signature' ? Id : never }[keyof Routes];

/** Why strangers may reach these routes: a new one does not compile without its reason. */
const openBecause: Readonly<Record<OpenId, string>> = data.openBecause;

const identitySource = ['$request.header.Authorization'];

/** API Gateway ends a call after 30 s whatever is asked for; one second less lets its own answer through. */
const integrationTimeoutMs = 29_000;

/** Chromium caps it at 2 h; an hour saves nearly as many preflights and forgets a removed origin sooner. */
const corsMaxAgeS = 3_600;

/** The one HTTP API. Of L1 constructs: each says exactly what stands in the template, and one integration can serve many routes. */
export class BridgeApi extends Construct {
  /** `https://<id>.execute-api.<region>.amazonaws.com`, or the stage's own domain, without a slash at its end. */
  readonly url: string;
  readonly apiId: string;
  /** The host to which the DNS record of the stage's domain points; undefined where it has none. */
  readonly domainTarget: string | undefined;
  private readonly authorizer: CfnAuthorizer;
  private readonly stage: CfnStage;
  private readonly config: Stage;
  private readonly limits: Record<string, RouteLimit> = {};

  /** `authorize` stands at the door where the gateway's own authorizer cannot. */
  constructor(scope: Construct, id: string, stage: Stage, authorize?: Job<'authorize'>) {
    super(scope, id);
    const api = new CfnApi(this, 'Api', {
      name: Stack.of(this).stackName,
      protocolType: 'HTTP',
      corsConfiguration: {
        allowOrigins: stage.origins,
        allowMethods: ['POST'],
        allowHeaders: ['authorization', 'content-type'],
        // Without it a page may not read how long it shall wait.
        exposeHeaders: ['retry-after'],
        maxAge: corsMaxAgeS,
      },
      // One door: what is said of the domain (its certificate, what stands before it) holds for every call.
      ...(stage.domain && { disableExecuteApiEndpoint: true }),
    });
    this.config = stage;
    this.url = stage.domain ? `https://${stage.domain.name}` : api.attrApiEndpoint;
    this.apiId = api.ref;
    const { issuer, audience } = stage.tokens;
    const jwt = { name: 'token', authorizerType: 'JWT', jwtConfiguration: { issuer, audience } };
    this.authorizer = authorize
      ? this.askFirst(authorize)
      : new CfnAuthorizer(this, 'Token', { apiId: this.apiId, identitySource, ...jwt });
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
        // Nothing that says who asked: the path is left out because it may carry a user's id. Why a token was refused, `authorizerError` says in
        // the gateway's words: another audience and an expired token are both 401.
        format: JSON.stringify(data.accessLog),
      },
    });
    this.domainTarget = stage.domain && this.answerAt(stage.domain);
  }

  private askFirst(job: Job<'authorize'>): CfnAuthorizer {
    const stack = Stack.of(this);
    const { functionArn } = job.function;
    const place = `arn:${stack.partition}:apigateway:${stack.region}:lambda:path/2015-03-31/functions`;
    const authorizer = new CfnAuthorizer(this, 'TokenFunction', {
      apiId: this.apiId,
      name: 'token-function',
      authorizerType: 'REQUEST',
      authorizerUri: `${place}/${functionArn}/invocations`,
      authorizerPayloadFormatVersion: '2.0',
      enableSimpleResponses: true,
      // A token that has run out is refused at once, as by the gateway's own.
      authorizerResultTtlInSeconds: 0,
      identitySource,
    });
    job.function.addPermission('Authorizer', {
      principal: new ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: stack.formatArn({
        service: 'execute-api',
        resource: this.apiId,
        resourceName: `authorizers/${authorizer.ref}`,
      }),
    });
    return authorizer;
  }

  /** Answers where the domain's DNS record must point. */
  private answerAt({ name, certificateArn }: NonNullable<Stage['domain']>): string {
    const domain = new CfnDomainName(this, 'Domain', {
      domainName: name,
      domainNameConfigurations: [{ certificateArn, endpointType: 'REGIONAL', securityPolicy: 'TLS_1_2' }],
    });
    const mapping = { apiId: this.apiId, domainName: domain.ref, stage: this.stage.ref };
    // The stage is there before the domain leads to it.
    new CfnApiMapping(this, 'DomainMapping', mapping).addResourceDependency(this.stage);
    return domain.attrRegionalDomainName;
  }

  /** Sends the job's routes to it, through one integration and one permission. Call it once per job. */
  serve(job: Job<keyof typeof routes>): void {
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
    const target = `integrations/${integration.ref}`;
    for (const [id, route] of Object.entries<Route>(routes[job.name]))
      for (const key of keysOf(route)) this.add(key, id, route, target);
  }

  private add(key: string, id: string, route: Route, target: string): void {
    const made = new CfnRoute(this, key, { apiId: this.apiId, routeKey: key, target, ...this.access(route) });
    if (isOpen(route)) {
      const reason = openBecause[id as OpenId];
      Validations.of(made).acknowledge({ id: 'AwsSolutions-APIG4', reason });
    }
    if (!route.throttle) return;
    const { ratePerSecond, burst } = this.config.throttle[route.throttle];
    this.limits[key] = { ThrottlingRateLimit: ratePerSecond, ThrottlingBurstLimit: burst };
    // CloudFormation would otherwise make the stage first and fail, because the route that it limits is not there yet.
    this.stage.addResourceDependency(made);
  }

  /** As the issuer writes it. The gateway looks into `scope` and `scp` alone: of another claim the function looks for it. */
  private serviceScope(route: Route): string | undefined {
    const { scopes } = this.config;
    const scope = scopeNeeded(route);
    return scope && scopes?.claim === undefined ? writtenScope(scope, scopes) : undefined;
  }

  private access(route: Route) {
    if (isOpen(route)) return { authorizationType: 'NONE' };
    // Our own authorizer says who somebody is; the function behind it checks the scope (functions/rules/http/authorized.ts).
    if (this.authorizer.authorizerType === 'REQUEST')
      return { authorizationType: 'CUSTOM', authorizerId: this.authorizer.ref };
    const scope = route.who === 'user' ? this.config.tokens.userScope : this.serviceScope(route);
    const scopes = scope !== undefined && { authorizationScopes: [scope] };
    return { authorizationType: 'JWT', authorizerId: this.authorizer.ref, ...scopes };
  }
}
