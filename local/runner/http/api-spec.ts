import * as z from 'zod/mini';
import type { FunctionAuthorizer, JwtAuthorizer } from './authorizer.ts';
import { corsSchema } from './cors.ts';
import { routeKey } from './routes.ts';
import type { HttpApi, Route } from './server.ts';
import { functionAt } from '../function-specs.ts';
import { TemplateError } from '../intrinsics.ts';
import type { FunctionSpec } from '../lambda/environment.ts';
import { properties, read } from '../properties.ts';
import type { Resource, Stack } from '../template.ts';

const texts = z._default(z.array(z.string()), []);

const apiSchema = properties({ ProtocolType: z.literal('HTTP'), CorsConfiguration: z.optional(corsSchema) }, 'Name');

/** The quota of an account (AWS, "Throttle requests to your HTTP APIs"). */
const quota = { ThrottlingRateLimit: 10_000, ThrottlingBurstLimit: 5_000 };
const limitsSchema = z.strictObject({
  ThrottlingRateLimit: z.optional(z.number()),
  ThrottlingBurstLimit: z.optional(z.number()),
});

const stageSchema = properties(
  {
    ApiId: z.string(),
    // Only this stage serves the paths as they are written.
    StageName: z.literal('$default'),
    DefaultRouteSettings: z._default(limitsSchema, {}),
    RouteSettings: z._default(z.record(z.string(), limitsSchema), {}),
  },
  'AutoDeploy',
  'AccessLogSettings',
);

const routeSchema = properties({
  ApiId: z.string(),
  RouteKey: z.string().check(z.regex(routeKey)),
  Target: z.string().check(z.regex(/^integrations\//)),
  AuthorizationType: z._default(z.enum(['NONE', 'JWT', 'CUSTOM']), 'NONE'),
  AuthorizerId: z.optional(z.string()),
  AuthorizationScopes: texts,
});

const integrationSchema = properties({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
  // The default and the maximum (AWS, "Quotas for configuring and running an HTTP API").
  TimeoutInMillis: z._default(z.int(), 30_000),
});

const identitySource = z.tuple([z.literal('$request.header.Authorization')]);
const named = { ApiId: z.string(), Name: z.optional(z.string()) };
const authorizerSchema = z.discriminatedUnion('AuthorizerType', [
  z.strictObject({
    ...named,
    AuthorizerType: z.literal('JWT'),
    IdentitySource: identitySource,
    JwtConfiguration: z.strictObject({ Issuer: z.string(), Audience: z.array(z.string()).check(z.minLength(1)) }),
  }),
  z.strictObject({
    ...named,
    AuthorizerType: z.literal('REQUEST'),
    IdentitySource: identitySource,
    AuthorizerUri: z.string(),
    AuthorizerPayloadFormatVersion: z.literal('2.0'),
    EnableSimpleResponses: z.literal(true),
    // Nothing is remembered here.
    AuthorizerResultTtlInSeconds: z.literal(0),
  }),
]);

/** The HTTP API of a stack; undefined where it has none. Throws `TemplateError` for anything that an HTTP API can do and the runner cannot. */
export function httpApiOf(stack: Stack, functions: readonly FunctionSpec[]): HttpApi | undefined {
  const ofType = (type: string) => stack.ofType(`AWS::ApiGatewayV2::${type}`);
  const [api, ...more] = ofType('Api');
  const [stage, ...otherStages] = ofType('Stage');
  if (!api) return undefined;
  if (!stage || more.length + otherStages.length > 0)
    throw new TemplateError(`${api.logicalId}: the runner serves one HTTP API with one stage`);
  const { CorsConfiguration: cors } = read(apiSchema, api);
  const { StageName, DefaultRouteSettings, RouteSettings } = read(stageSchema, stage);
  const integrations = new Map(ofType('Integration').map((one) => [one.identity.ref, integrationOf(one, functions)]));
  const authorizers = new Map(ofType('Authorizer').map((one) => [one.identity.ref, authorizerOf(one, functions)]));
  const routes = ofType('Route').map((resource): Route => {
    const route = read(routeSchema, resource);
    const integration = integrations.get(route.Target.replace('integrations/', ''));
    const authorizer = route.AuthorizerId === undefined ? undefined : authorizers.get(route.AuthorizerId);
    if (!integration) throw new TemplateError(`${resource.logicalId}: there is no ${route.Target}`);
    const isOpen = route.AuthorizationType === 'NONE';
    if (!isOpen && !authorizer)
      throw new TemplateError(`${resource.logicalId}: there is no authorizer ${route.AuthorizerId ?? ''}`);
    return {
      key: route.RouteKey,
      ...integration,
      scopes: route.AuthorizationScopes,
      throttling: { ...quota, ...DefaultRouteSettings, ...RouteSettings[route.RouteKey] },
      authorizer: isOpen ? undefined : authorizer,
    };
  });
  refuseLimitsWithoutRoute(stage, Object.keys(RouteSettings), routes);
  return { id: api.identity.ref, stage: StageName, routes, cors };
}

function integrationOf(resource: Resource, functions: readonly FunctionSpec[]) {
  const { IntegrationUri, TimeoutInMillis } = read(integrationSchema, resource);
  return { functionId: functionAt(IntegrationUri, functions, resource), timeoutMs: TimeoutInMillis };
}

function authorizerOf(resource: Resource, functions: readonly FunctionSpec[]): JwtAuthorizer | FunctionAuthorizer {
  const parsed = read(authorizerSchema, resource);
  if (parsed.AuthorizerType === 'REQUEST') return { functionId: functionAt(parsed.AuthorizerUri, functions, resource) };
  return { issuer: parsed.JwtConfiguration.Issuer, audience: parsed.JwtConfiguration.Audience };
}

/** CloudFormation refuses settings of a route that does not exist, and so a typing error in one is found here too. */
function refuseLimitsWithoutRoute(stage: Resource, limited: readonly string[], routes: readonly Route[]): void {
  for (const key of limited)
    if (!routes.some((route) => route.key === key))
      throw new TemplateError(`${stage.logicalId}: RouteSettings names the route "${key}", which does not exist`);
}
