import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A hand-written cloud assembly of the smallest useful kind. */
export interface MiniStack {
  readonly assemblyDir: string;
  readonly stackName: string;
  readonly remove: () => void;
}

/** What a mini stack holds: the sources of its functions by logical id, and its other resources. */
export interface MiniStackParts {
  /** CommonJS that exports `handler`. */
  readonly functions?: Readonly<Record<string, string>>;
  /** Properties of a function beside its code. */
  readonly functionProperties?: Readonly<Record<string, object>>;
  readonly resources?: Readonly<Record<string, object>>;
  readonly parameters?: Readonly<Record<string, object>>;
}

/** Writes the assembly into a temporary folder. */
export function writeMiniStack(parts: MiniStackParts, stackName = 'mini'): MiniStack {
  const assemblyDir = mkdtempSync(path.join(tmpdir(), 'runner-test-'));
  const files: Record<string, object> = {};
  const functions: Record<string, object> = {};
  for (const [id, source] of Object.entries(parts.functions ?? {})) {
    mkdirSync(path.join(assemblyDir, `asset.${id}`));
    writeFileSync(path.join(assemblyDir, `asset.${id}`, 'index.js'), source);
    files[id] = {
      source: { path: `asset.${id}`, packaging: 'zip' },
      destinations: { here: { bucketName: 'bucket', objectKey: `${id}.zip` } },
    };
    functions[id] = {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: { S3Bucket: { 'Fn::Sub': 'assets-${AWS::AccountId}' }, S3Key: `${id}.zip` },
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        ...parts.functionProperties?.[id],
      },
    };
  }
  const write = (name: string, content: object) => writeFileSync(path.join(assemblyDir, name), JSON.stringify(content));
  write('manifest.json', {
    version: '1',
    artifacts: {
      [stackName]: { type: 'aws:cloudformation:stack', properties: { templateFile: `${stackName}.template.json` } },
    },
  });
  write(`${stackName}.assets.json`, { version: '1', files });
  write(`${stackName}.template.json`, {
    Resources: { ...functions, ...parts.resources },
    Parameters: parts.parameters ?? {},
  });
  return { assemblyDir, stackName, remove: () => rmSync(assemblyDir, { recursive: true, force: true }) };
}

/** One route of a mini HTTP API. */
export interface MiniRoute {
  readonly key: string;
  readonly functionId: string;
  /** Asks for a token; with scopes, for one of them. */
  readonly scopes?: readonly string[];
}

/** The resources of an HTTP API with these routes. */
export function miniHttpApi(
  routes: readonly MiniRoute[],
  {
    api = {},
    stage = {},
    issuer = '',
    integration = {},
  }: { api?: object; stage?: object; issuer?: string; integration?: object } = {},
): Record<string, object> {
  const resources: Record<string, object> = {
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'mini', ProtocolType: 'HTTP', ...api } },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true, ...stage },
    },
    Authorizer: {
      Type: 'AWS::ApiGatewayV2::Authorizer',
      Properties: {
        ApiId: { Ref: 'Api' },
        AuthorizerType: 'JWT',
        IdentitySource: ['$request.header.Authorization'],
        JwtConfiguration: { Issuer: issuer, Audience: ['contact-bridge'] },
      },
    },
  };
  for (const [i, { key, functionId, scopes }] of routes.entries()) {
    resources[`Integration${i}`] = {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { 'Fn::GetAtt': [functionId, 'Arn'] },
        PayloadFormatVersion: '2.0',
        ...integration,
      },
    };
    const access = scopes && {
      AuthorizationType: 'JWT',
      AuthorizerId: { Ref: 'Authorizer' },
      AuthorizationScopes: scopes,
    };
    resources[`Route${i}`] = {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: key,
        Target: { 'Fn::Join': ['/', ['integrations', { Ref: `Integration${i}` }]] },
        ...access,
      },
    };
  }
  return resources;
}

/** Whether a process exists and is not just waiting to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
