import * as z from 'zod';

const arn = (service: string, rest: string) =>
  z
    .string()
    .regex(
      new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:(\\d{12})?:${rest}$`),
      `must be the ARN of ${service}, such as arn:aws:${service}:<region>:<account>:…`,
    );

const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `must begin with ${prefix}-`);

const streamArn = arn('dynamodb', 'table/[\\w.-]+/stream/[\\w:.-]+').optional();

/** How a stage stands in its account; docs/deployment.md says when one wants what. Left out, AWS's own defaults hold. */
export const deployment = {
  /** The one place to which this stage may be deployed. Asked for by everything but `dev`, so that a wrong profile makes no second production. */
  aws: z
    .strictObject({
      account: z.string().regex(/^\d{12}$/, 'must be the twelve digits of the account, as text'),
      region: z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d+$/, 'must be a region, such as ap-northeast-1'),
    })
    .optional(),
  /** On every resource that takes tags. */
  tags: z
    .record(z.string().regex(/^(?!aws:).{1,128}$/, 'must not begin with aws:'), z.string().regex(/^.{0,256}$/))
    .default({}),
  /** A managed policy that bounds every role of the stack. */
  permissionsBoundaryArn: arn('iam', 'policy/.+').optional(),
  /** A customer managed key for tables, secrets, bucket, queues and logs; its own policy must let CloudWatch Logs and EventBridge use it. */
  encryptionKeyArn: arn('kms', 'key/[\\w-]+').optional(),
  /** A restored table that takes the place of the stack's own, by the ARN of its stream. None of broadcasts: it would send again (docs/upgrading.md). */
  restoredTables: z.strictObject({ links: streamArn }).default({}),
  /** The id of a synthetic user of the issuer, with whose token a smoke test signs in. Each smoke test erases this user. */
  smokeUser: z.string().min(1).max(256).optional(),
  /** Existing topics that are told of alarms, beside `alarmEmail`: of what people notice now, and of what can wait for the morning. */
  alarmTopics: z
    .strictObject({ urgent: arn('sns', '[\\w.-]+').optional(), later: arn('sns', '[\\w.-]+').optional() })
    .default({}),
  /** A domain of one's own for the API. The certificate is of ACM in the same region; the DNS record is made by hand. */
  domain: z
    .strictObject({
      name: z.string().regex(/^([a-z0-9-]{1,63}\.)+[a-z]{2,63}$/, 'must be a host name in small letters'),
      certificateArn: arn('acm', 'certificate/[\\w-]+'),
    })
    .optional(),
  /** For a MaiAgent that only a private network reaches: where the functions that call it stand. */
  vpc: z
    .strictObject({
      subnetIds: z.array(id('subnet')).refine((all) => all.length >= 1 && all.length <= 16, 'must be one to sixteen'),
      securityGroupIds: z.array(id('sg')).refine((all) => all.length >= 1 && all.length <= 5, 'must be one to five'),
    })
    .optional(),
  /** Whether `sync` and `broadcast` keep places free for themselves. Without it nothing holds them to their `concurrency`. */
  reserveConcurrency: z.boolean().default(true),
  /** AWS X-Ray on every function. */
  tracing: z.boolean().default(false),
  /** Whether Lambda writes a line about the start, end and cost of every call. */
  platformLogs: z.boolean().default(false),
  /** Where every log group is sent as well; Kinesis and Firehose want a role that CloudWatch Logs may take. */
  logForwarding: z
    .strictObject({ destinationArn: arn('(logs|kinesis|firehose)', '.+'), roleArn: arn('iam', 'role/.+').optional() })
    .optional(),
};
