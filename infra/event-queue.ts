import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { EventBus, Rule, type EventPattern } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import { Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { encryptionKey } from './encryption.ts';
import { keptWithData } from './protection.ts';
import type { Job } from './job.ts';
import { COGNITO_OPERATIONS } from '../functions/settings.ts';

type Source = Stage['sources'][number];

/** The longest that SQS keeps anything. */
const keptFor = Duration.days(14);

/** Six times the function's own limit (AWS, "Using Lambda with Amazon SQS"), so that nothing comes again while it is taken. */
const hidden = (timeout: Duration): Duration => Duration.seconds(6 * timeout.toSeconds());

/** The most that SQS takes: with the time that a message is hidden, two days of an outage of ours. */
const triesMax = 1_000;

interface Rules {
  readonly bus?: string;
  readonly pattern: EventPattern;
}

/** Whose events EventBridge brings: which bus and which of its events, by the source's name. */
function busesOf(sources: readonly Source[]): Readonly<Record<string, Rules>> {
  const all = sources.map((source) => [source.name, ruleFor(source)] as const);
  return Object.fromEntries(all.flatMap(([name, rule]) => (rule ? [[name, rule]] : [])));
}

function ruleFor(source: Source): Rules | undefined {
  if (source.kind === 'auth0')
    return source.bus === undefined ? undefined : { bus: source.bus, pattern: { source: [source.bus] } };
  if (source.kind !== 'cognito') return undefined;
  const detail = {
    eventSource: ['cognito-idp.amazonaws.com'],
    eventName: [...COGNITO_OPERATIONS],
    requestParameters: { userPoolId: [source.read.userPoolId] },
  };
  return { pattern: { source: ['aws.cognito-idp'], detail } };
}

/**
 * What EventBridge brings for one job: a rule for each source, and one queue that holds the events until they are taken. What could not be
 * put into the queue or not be taken for two days lies in a second one, whole, and people are told.
 */
export class EventQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  /** `timeout` is how long the job may take for one batch. */
  constructor(stage: Stage, job: Job, timeout: Duration) {
    super(job.scope, 'Events');
    const key = encryptionKey(this, stage);
    const safe = {
      enforceSSL: true,
      // Also when no source is heard by a bus any more: what could not be taken until then is somebody's change.
      removalPolicy: keptWithData(stage),
      retentionPeriod: keptFor,
      encryption: key ? QueueEncryption.KMS : QueueEncryption.SQS_MANAGED,
      ...(key && { encryptionMasterKey: key }),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', safe);
    this.queue = new Queue(this, 'Queue', {
      ...safe,
      visibilityTimeout: hidden(timeout),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: triesMax },
    });
    for (const [name, rules] of Object.entries(busesOf(stage.sources))) this.hear(name, rules);
    job.allow({
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      arn: this.queue.queueArn,
    });
    const mapping = new CfnEventSourceMapping(this, 'Mapping', {
      functionName: job.function.functionName,
      eventSourceArn: this.queue.queueArn,
      batchSize: 10,
      functionResponseTypes: ['ReportBatchItemFailures'],
    });
    // Lambda looks whether the role may receive when the mapping is made.
    mapping.node.addDependency(job.role);
  }

  /** What people are told of. */
  get watches() {
    const over = { period: Duration.minutes(5), statistic: Stats.MAXIMUM };
    return {
      EventsBehind: {
        metric: this.queue.metricApproximateAgeOfOldestMessage(over),
        // An event waits for a second; three failed attempts take about ten minutes.
        above: Duration.minutes(10).toSeconds(),
        says: 'What EventBridge brought has waited for ten minutes: user-changed fails or has no place.',
      },
      EventsGivenUp: {
        metric: this.deadLetters.metricApproximateNumberOfMessagesVisible(over),
        above: 0,
        missing: TreatMissingData.IGNORE,
        says: 'What EventBridge brought could not be taken; it lies whole in the queue of dead letters.',
      },
    } as const;
  }

  private hear(name: string, { bus, pattern }: Rules): Rule {
    return new Rule(this, name, {
      description: `what happens to the users of ${name}`,
      eventPattern: pattern,
      ...(bus !== undefined && { eventBus: EventBus.fromEventBusName(this, `${name}Bus`, bus) }),
      targets: [new SqsQueue(this.queue, { deadLetterQueue: this.deadLetters })],
    });
  }
}

/** Adds it where a source declares such a thing. */
export const addEventQueue = (stage: Stage, job: Job, timeout: Duration) =>
  Object.keys(busesOf(stage.sources)).length > 0 && new EventQueue(stage, job, timeout);

/** What EventBridge brings for this job. */
export const eventQueueOf = ({ scope }: Job): EventQueue | undefined =>
  scope.node.children.find((one) => one instanceof EventQueue);
