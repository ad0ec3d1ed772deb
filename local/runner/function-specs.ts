import * as z from 'zod/mini';
import { TemplateError } from './intrinsics.ts';
import type { FunctionSpec } from './lambda/environment.ts';
import { properties, read } from './properties.ts';
import type { Resource, Stack } from './template.ts';

const functionSchema = properties(
  {
    FunctionName: z.optional(z.string()),
    Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
    Handler: z.string().check(z.regex(/^[\w-]+\.\w+$/)),
    Runtime: z.string().check(z.regex(/^nodejs\d+\.x$/)),
    // The defaults of AWS::Lambda::Function.
    Timeout: z._default(z.int(), 3),
    MemorySize: z._default(z.int(), 128),
    Environment: z._default(z.strictObject({ Variables: z.record(z.string(), z.string()) }), { Variables: {} }),
    LoggingConfig: z._default(z.looseObject({ LogGroup: z.optional(z.string()) }), {}),
    // With 0 a function is switched off, which nobody has needed here.
    ReservedConcurrentExecutions: z.optional(z.int().check(z.gte(1))),
  },
  'Role',
  'Architectures',
  'Description',
);

/** The functions of a stack, ready to run. Throws `TemplateError` for one that is not a bundle for Node. */
export function functionSpecs(stack: Stack): FunctionSpec[] {
  return stack.ofType('AWS::Lambda::Function').map((resource) => specOf(resource, stack));
}

function specOf(resource: Resource, stack: Stack): FunctionSpec {
  const { logicalId, identity } = resource;
  const spec = read(functionSchema, resource);
  return {
    logicalId,
    name: identity.ref,
    arn: identity.attribute('Arn') ?? '',
    assetDir: stack.assetDir(spec.Code.S3Key),
    handler: spec.Handler,
    runtime: spec.Runtime,
    timeoutMs: spec.Timeout * 1000,
    memoryMb: spec.MemorySize,
    logGroup: spec.LoggingConfig.LogGroup ?? `/aws/lambda/${identity.ref}`,
    variables: spec.Environment.Variables,
    concurrency: spec.ReservedConcurrentExecutions,
  };
}

/** The logical id of the function that a resource calls, by its name, its ARN, or the gateway's address of it. Throws `TemplateError`. */
export function functionAt(address: string, functions: readonly FunctionSpec[], { logicalId }: Resource): string {
  const parts = address.split('/');
  const found = functions.find(({ name, arn }) => parts.includes(name) || parts.includes(arn));
  if (!found) throw new TemplateError(`${logicalId}: ${address} is no function of this stack`);
  return found.logicalId;
}

/** Endpoints of services on this machine; the SDK inside a bundle finds them by its own variables. */
export interface Endpoints {
  readonly dynamoDb: string;
  readonly secretsManager: string;
  readonly scheduler: string;
}

/** What Lambda itself puts into an environment (AWS, "Defined runtime environment variables"), with credentials that open the ports of this start. */
export function platformVariables(spec: FunctionSpec, endpoints: Endpoints, key: string): Record<string, string> {
  return {
    _HANDLER: spec.handler,
    AWS_ACCESS_KEY_ID: key,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_REGION: 'us-east-1',
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: spec.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: new URL(endpoints.dynamoDb).origin,
    AWS_ENDPOINT_URL_SCHEDULER: endpoints.scheduler,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
    LAMBDA_TASK_ROOT: spec.assetDir,
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
  };
}
