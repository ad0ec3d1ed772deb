import { join } from 'node:path';
import { Duration, Validations } from 'aws-cdk-lib/core';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  type CfnFunction,
  Architecture,
  Code,
  Function,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { AuthorizeEnv, BroadcastEnv, IdentifyEnv, SyncEnv, UserChangedEnv } from '../functions/env.ts';
import { entryOf, type JobName } from './bundle.ts';
import type { Stage } from './config.ts';
import { boundedLogs } from './bounded-logs.ts';
import { keyActions } from './encryption.ts';

/** The variables of each job, from the schema by which the job itself reads them. */
interface JobEnv extends Record<JobName, object> {
  identify: IdentifyEnv;
  'user-changed': UserChangedEnv;
  scim: UserChangedEnv;
  sync: SyncEnv;
  manage: SyncEnv;
  broadcast: BroadcastEnv;
  authorize: AuthorizeEnv;
}

/** What may be done with one resource. */
export interface Allowance {
  /** Exact IAM actions; a wildcard has no place here. */
  readonly actions: readonly string[];
  /** The one resource that they are allowed on. */
  readonly arn: string;
  /** What must hold as well, in IAM's words: operator, key, value. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** The name of a resource, together with what the job may do with it: so a permission and its variable cannot drift apart. */
export interface Grant<Value> {
  readonly value: Value;
  readonly may: readonly Allowance[];
}

/** One entry for every variable that the job's schema asks for: a forgotten one does not compile. */
type JobVariables<Name extends JobName> = {
  readonly [Key in keyof JobEnv[Name]]: JobEnv[Name][Key] | Grant<JobEnv[Name][Key]>;
};

/** Where a job stands. */
export interface Place {
  /** The stack. */
  readonly scope: Construct;
  readonly stage: Stage;
  /** Where `bundleJobs` has written. */
  readonly bundleDir: string;
}

interface JobProps<Name extends JobName> {
  readonly name: Name;
  readonly timeout: Duration;
  readonly variables: JobVariables<Name>;
  /** Invocations at once, kept free for this job and never exceeded; the account's limit where it is left out. */
  readonly concurrency?: number;
}

/** One second less than the gateway waits, so that it is the function that ends a call and says so in its log. */
export const forRequests = Duration.seconds(28);

/** 512 MB: at this size a cold start is paid by processor time, and the price of a call is still lost in the gateway's. */
const memoryMb = 512;

/** What Lambda needs to put a function into a network (AWS, "Giving Lambda functions access to resources in an Amazon VPC"). */
const interfaceActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
] as const;

/** One Lambda function with its bundle, its variables, its own role and its own log group, and nothing that it does not use. */
export class Job<Name extends JobName = JobName> extends Construct {
  readonly name: Name;
  /** What belongs to the job stands in here, as the job itself does. */
  readonly scope: Construct;
  readonly function: Function;
  readonly role: Role;

  constructor({ scope: stack, stage, bundleDir }: Place, props: JobProps<Name>) {
    const { name, timeout, variables, concurrency } = props;
    const scope = stack.node.tryFindChild(name) ?? new Construct(stack, name);
    super(scope, 'Job');
    this.scope = scope;
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
      handler: `${entryOf(name)}.handler`,
      code: Code.fromAsset(join(bundleDir, name)),
      environment: Object.fromEntries(entries.map(([key, one]) => [key, typeof one === 'object' ? one.value : one])),
      role: this.role,
      logGroup,
      ...(concurrency !== undefined && stage.reserveConcurrency && { reservedConcurrentExecutions: concurrency }),
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // WARN leaves out START, END and REPORT of every call, which cost more than the call's table read.
      systemLogLevelV2: stage.platformLogs ? SystemLogLevel.INFO : SystemLogLevel.WARN,
      tracing: stage.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    });
    if (stage.tracing)
      this.acceptEverywhere('X-Ray knows no resources, so the two permissions to write traces are for all.');
    if (stage.encryptionKeyArn !== undefined) this.allow({ actions: keyActions, arn: stage.encryptionKeyArn });
    if (stage.vpc && 'MAIAGENT_BASE_URL' in variables) this.standIn(stage.vpc);
  }

  /** Puts the job into a network from which it reaches MaiAgent; Lambda makes its interfaces there in the job's name. */
  private standIn({ subnetIds, securityGroupIds }: NonNullable<Stage['vpc']>): void {
    (this.function.node.defaultChild as CfnFunction).vpcConfig = { subnetIds, securityGroupIds };
    this.allow({ actions: interfaceActions, arn: '*' });
    this.acceptEverywhere('Lambda asks for these on every resource (AWS, "Giving Lambda functions access to a VPC").');
    // Lambda checks them when it makes the function.
    this.function.node.addDependency(this.role);
  }

  private acceptEverywhere(reason: string): void {
    Validations.of(this.role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason });
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
