import { beforeAll, describe, expect, it } from 'vitest';
import { sampleStage } from './sample-stage.ts';
import { ofType, readable, synthesized, type Synthesized } from './synthesized.ts';

let stack: Synthesized;

beforeAll(async () => {
  const throttle = { visitors: { ratePerSecond: 3, burst: 7 } };
  stack = await synthesized(sampleStage({ throttle }));
});

const routes = () => ofType(stack, 'AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties);

describe('the routes', () => {
  it('ask for a token and a scope on exactly these', () => {
    const guarded = routes().map((route) => [
      route['RouteKey'],
      route['AuthorizationType'],
      readable(route['AuthorizerId']),
      route['AuthorizationScopes'],
    ]);
    expect(guarded).toEqual([
      ['POST /v1/identity', 'JWT', 'HttpApiToken', undefined],
      ['POST /v1/visitors', 'NONE', undefined, undefined],
      ['PUT /v1/users/{userId}', 'JWT', 'HttpApiToken', ['contacts.write']],
      ['GET /contact-bridge.js', 'NONE', undefined, undefined],
      ['HEAD /contact-bridge.js', 'NONE', undefined, undefined],
      ['GET /contact-bridge/{file}', 'NONE', undefined, undefined],
      ['HEAD /contact-bridge/{file}', 'NONE', undefined, undefined],
      ['GET /v1/health', 'NONE', undefined, undefined],
      ['HEAD /v1/health', 'NONE', undefined, undefined],
      ['OPTIONS /{proxy+}', 'NONE', undefined, undefined],
      ['POST /v1/webhooks/{source}', 'NONE', undefined, undefined],
      ['GET /v1/users/{userId}', 'JWT', 'HttpApiToken', ['contacts.read']],
      ['DELETE /v1/users/{userId}', 'JWT', 'HttpApiToken', ['contacts.write']],
      ['GET /v1/users/{userId}/erasure', 'JWT', 'HttpApiToken', ['contacts.write']],
      ['POST /v1/users/{userId}/rotate', 'JWT', 'HttpApiToken', ['contacts.write']],
      ['GET /v1/users/{userId}/conversations', 'JWT', 'HttpApiToken', ['contacts.read']],
      ['GET /v1/users/{userId}/conversations/latest', 'JWT', 'HttpApiToken', ['contacts.read']],
      ['POST /v1/broadcasts', 'JWT', 'HttpApiToken', ['broadcasts.write']],
      ['POST /v1/broadcasts/preview', 'JWT', 'HttpApiToken', ['broadcasts.write']],
      ['GET /v1/broadcasts', 'JWT', 'HttpApiToken', ['broadcasts.read']],
      ['GET /v1/broadcasts/{broadcastId}', 'JWT', 'HttpApiToken', ['broadcasts.read']],
      ['GET /v1/broadcasts/{broadcastId}/recipients', 'JWT', 'HttpApiToken', ['broadcasts.read']],
      ['PATCH /v1/broadcasts/{broadcastId}', 'JWT', 'HttpApiToken', ['broadcasts.write']],
      ['POST /v1/broadcasts/{broadcastId}/cancel', 'JWT', 'HttpApiToken', ['broadcasts.write']],
      ['GET /v1/openapi.json', 'NONE', undefined, undefined],
      ['HEAD /v1/openapi.json', 'NONE', undefined, undefined],
      ['$default', 'NONE', undefined, undefined],
    ]);
  });

  it('lead each to the function of its job', () => {
    const elsewhere = routes().filter((route) => readable(route['Target']) !== 'integrations/identifyJobIntegration');
    expect(elsewhere.map((route) => [route['RouteKey'], readable(route['Target'])])).toEqual([
      ['POST /v1/webhooks/{source}', 'integrations/userchangedJobIntegration'],
      ['GET /v1/users/{userId}', 'integrations/manageJobIntegration'],
      ['DELETE /v1/users/{userId}', 'integrations/manageJobIntegration'],
      ['GET /v1/users/{userId}/erasure', 'integrations/manageJobIntegration'],
      ['POST /v1/users/{userId}/rotate', 'integrations/manageJobIntegration'],
      ['GET /v1/users/{userId}/conversations', 'integrations/manageJobIntegration'],
      ['GET /v1/users/{userId}/conversations/latest', 'integrations/manageJobIntegration'],
      ['POST /v1/broadcasts', 'integrations/manageJobIntegration'],
      ['POST /v1/broadcasts/preview', 'integrations/manageJobIntegration'],
      ['GET /v1/broadcasts', 'integrations/manageJobIntegration'],
      ['GET /v1/broadcasts/{broadcastId}', 'integrations/manageJobIntegration'],
      ['GET /v1/broadcasts/{broadcastId}/recipients', 'integrations/manageJobIntegration'],
      ['PATCH /v1/broadcasts/{broadcastId}', 'integrations/manageJobIntegration'],
      ['POST /v1/broadcasts/{broadcastId}/cancel', 'integrations/manageJobIntegration'],
      ['GET /v1/openapi.json', 'integrations/manageJobIntegration'],
      ['HEAD /v1/openapi.json', 'integrations/manageJobIntegration'],
      ['$default', 'integrations/manageJobIntegration'],
    ]);
  });

  it('share one integration for each job, in the newest payload format', () => {
    const integration = (IntegrationUri: string) => ({
      ApiId: 'HttpApi',
      IntegrationType: 'AWS_PROXY',
      IntegrationUri,
      PayloadFormatVersion: '2.0',
      TimeoutInMillis: 29_000,
    });
    expect(ofType(stack, 'AWS::ApiGatewayV2::Integration').map(({ Properties }) => readable(Properties))).toEqual([
      integration('identifyJobFunction.Arn'),
      integration('userchangedJobFunction.Arn'),
      integration('manageJobFunction.Arn'),
    ]);
  });
});

describe('the authorizer', () => {
  it('believes the stage’s issuer and audience, read from the Authorization header', () => {
    expect(ofType(stack, 'AWS::ApiGatewayV2::Authorizer').map(({ Properties }) => readable(Properties))).toEqual([
      {
        ApiId: 'HttpApi',
        Name: 'token',
        AuthorizerType: 'JWT',
        IdentitySource: ['$request.header.Authorization'],
        JwtConfiguration: { Issuer: 'https://login.sample.test/', Audience: ['sample-audience'] },
      },
    ]);
  });
});

describe('CORS', () => {
  it('lets exactly the stage’s origins send a token and read Retry-After', () => {
    expect(ofType(stack, 'AWS::ApiGatewayV2::Api').map(({ Properties }) => Properties['CorsConfiguration'])).toEqual([
      {
        AllowOrigins: ['https://portal.sample.test', 'http://localhost:8080'],
        AllowMethods: ['POST'],
        AllowHeaders: ['authorization', 'content-type'],
        ExposeHeaders: ['retry-after'],
        MaxAge: 3_600,
      },
    ]);
  });
});

describe('the stage', () => {
  const stage = () => ofType(stack, 'AWS::ApiGatewayV2::Stage')[0]!;

  it('limits every route, visitors the most, and preflights apart from what no route takes', () => {
    expect(stage().Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
      RouteSettings: {
        'POST /v1/identity': { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
        'PUT /v1/users/{userId}': { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
        'POST /v1/visitors': { ThrottlingRateLimit: 3, ThrottlingBurstLimit: 7 },
        'OPTIONS /{proxy+}': { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 500 },
        'POST /v1/webhooks/{source}': { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
        'POST /v1/broadcasts': { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
        'POST /v1/broadcasts/preview': { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
        'POST /v1/broadcasts/{broadcastId}/cancel': { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
      },
    });
  });

  it('is made after every route that it limits', () => {
    const limited = Object.keys(stage().Properties['RouteSettings'] as object);
    const before = stage().DependsOn!.map((id) => stack.resources[id]?.Properties['RouteKey']);
    expect(new Set(before)).toEqual(new Set(limited));
  });

  it('logs each request as JSON, without address, path, token or agent', () => {
    const { DestinationArn, Format } = stage().Properties['AccessLogSettings'] as {
      DestinationArn: unknown;
      Format: string;
    };
    expect(readable(DestinationArn)).toBe('HttpApiAccessLogs.Arn');
    expect(Object.values(JSON.parse(Format))).toEqual([
      '$context.requestId',
      '$context.requestTimeEpoch',
      '$context.routeKey',
      '$context.status',
      '$context.error.responseType',
      '$context.authorizer.error',
      '$context.responseLatency',
      '$context.integrationLatency',
      '$context.integration.status',
      '$context.integration.error',
      '$context.responseLength',
    ]);
  });
});
