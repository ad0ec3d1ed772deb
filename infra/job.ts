import { join } from 'node:path';
import type { Duration } from 'aws-cdk-lib/core';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { BroadcastEnv, IdentifyEnv, ManageEnv, SyncEnv, UserChangedEnv } from '../functions/env.ts';
import type { JobName } from './bundle.ts';
import type { Stage } from './config.ts';
import { boundedLogs } from './bounded-logs.ts';

/** The variables of each job, from the schema by which the job itself reads them. */
interface JobEnv extends Record<JobName, object> {
  identify: IdentifyEnv;
  'user-changed': UserChangedEnv;
  sync: SyncEnv;
  manage: ManageEnv;
  broadcast: BroadcastEnv;
}

/** What may be done with one resource. */
interface Allowance {
  /** Exact IAM actions; a wildcard has no place here. */
  readonly actions: readonly [string, ...string[]];
  /** The one resource that they are allowed on. */
  readonly arn: string;
  /** What must hold as well, in IAM's words: operator, key, value. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The name of a resource, together with what the job may do with it: so a permission and its variable cannot drift apart. */
interface Grant<Value> {
  readonly value: Value;
  readonly may: readonly [Allowance, ...Allowance[]];
}

/** One entry for every variable that the job's schema asks for: a forgotten one does not compile. */
type JobVariables<Name extends JobName> = {
  readonly [Key in keyof JobEnv[Name]]: JobEnv[Name][Key] | Grant<JobEnv[Name][Key]>;
};

export interface JobProps<Name extends JobName> {
  readonly name: Name;
  readonly stage: Stage;
  /** Where `bundleJobs` has written. */
  readonly bundleDir: string;
  readonly timeout: Duration;
  readonly variables: JobVariables<Name>;
  /** Invocations at once, kept free for this job and never exceeded; the account's limit where it is left out. */
  readonly concurrency?: number;
}

/** 512 MB: at this size a cold start is paid by processor time, and the price of a call is still lost in the gateway's. */
const memoryMb = 512;

/** One Lambda function with its bundle, its variables, its own role and its own log group, and nothing that it does not use. */
export class Job<Name extends JobName = JobName> extends Construct {
  readonly name: Name;
  readonly function: Function;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: JobProps<Name>) {
    super(scope, id);
    const { name, stage, bundleDir, timeout, variables, concurrency } = props;
    this.name = name;
    const logGroup = boundedLogs(this, 'Logs', stage);
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.allow({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], arn: logGroup.logGroupArn });
    const entries = Object.entries<string | Grant<string>>(variables as Record<string, string | Grant<string>>);
    for (const [, variable] of entries) {
      if (typeof variable === 'object') variable.may.forEach((allowance) => this.allow(allowance));
    }
    this.function = new Function(this, 'Function', {
      functionName: functionNameOf(stage, name),
      description: `contact-bridge ${stage.stage}: ${name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMb,
      timeout,
      handler: 'index.handler',
      code: Code.fromAsset(join(bundleDir, name)),
      environment: Object.fromEntries(entries.map(([key, one]) => [key, typeof one === 'object' ? one.value : one])),
      role: this.role,
      logGroup,
      ...(concurrency !== undefined && { reservedConcurrentExecutions: concurrency }),
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // WARN leaves out START, END and REPORT of every call, which cost more than the call's table read.
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: Tracing.DISABLED,
    });
  }

  /** Lets the job do this, beside what its variables name. */
  allow({ actions, arn, conditions }: Allowance): void {
    this.role.addToPolicy(
      new PolicyStatement({ actions: [...actions], resources: [arn], ...(conditions && { conditions }) }),
    );
  }
}

/** A name that a person and the command line can know without asking: a stage has one function of each job. */
function functionNameOf({ stage }: Pick<Stage, 'stage'>, job: JobName): string {
  return `contact-bridge-${stage}-${job}`;
}

/** That a job may read this secret, and where it is. */
export function readable(arn: string) {
  return { value: arn, may: [{ actions: ['secretsmanager:GetSecretValue'], arn }] } as const;
}
