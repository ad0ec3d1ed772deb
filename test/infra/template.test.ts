import { beforeAll, describe, expect, it } from 'vitest';
import { sized } from '../scope.ts';
import { eventsStage, kindsOfStages, tableKeyArn, wholeStage } from './sample-stage.ts';
import { synthesized, type Resource } from './synthesized.ts';
import { againstTheSpecification, walk } from './template/findings.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- a mistake may be planted anywhere
type Resources = Record<string, { Type: string; DependsOn?: string[]; Properties: Record<string, any> }>;

let resources: Record<string, Resource>;
beforeAll(async () => {
  ({ resources } = await synthesized(wholeStage));
});

const all = Object.entries(kindsOfStages);
/** The stage with every option on is always among what is looked at. */
const kinds = sized({ test: all.slice(0, 2), prove: all, long: all });

describe('what AWS would say', () => {
  it.each<readonly [string, () => Record<string, Resource> | Promise<Record<string, Resource>>, readonly string[]]>([
    ['every option on and the longest name', () => resources, [tableKeyArn]],
    ...kinds.map(([kind, stage]) => [kind, async () => (await synthesized(stage)).resources, []] as const),
  ])('is nothing, with %s', async (_, made, streamKeys) => {
    const all = await made();
    expect([...(await againstTheSpecification(all)), ...walk(all, streamKeys)]).toEqual([]);
  });
});

it('the specification has nothing against what brings events', async () => {
  expect(await againstTheSpecification((await synthesized(eventsStage)).resources)).toEqual([]);
});

describe('a mistake that is planted is found, and nothing else', () => {
  /** The first resource of a type, perhaps the one whose id has this in it. */
  const one = (all: Resources, type: string, word = '') => {
    const [id, resource] = Object.entries(all).find(([key, { Type }]) => Type === type && key.includes(word))!;
    return { id, resource, of: resource.Properties };
  };
  const statements = (all: Resources, role: string) =>
    one(all, 'AWS::IAM::Policy', role).of['PolicyDocument'].Statement as { Action: unknown; Resource: unknown }[];

  it('six of the specification, at once', async () => {
    const all = structuredClone(resources) as unknown as Resources;
    one(all, 'AWS::Lambda::Function', 'identify').of['MemorySise'] = 512;
    one(all, 'AWS::Lambda::Function', 'manage').of['Timeout'] = 'long';
    one(all, 'AWS::Lambda::EventSourceMapping').of['StartingPosition'] = 'OLDEST';
    delete one(all, 'AWS::Scheduler::Schedule').of['Target'].RoleArn;
    one(all, 'AWS::Scheduler::ScheduleGroup').of['Name'] = 'a'.repeat(65);
    one(all, 'AWS::IAM::Role', 'identify').resource.DependsOn = [one(all, 'AWS::IAM::Policy', 'identify').id];
    const found = await againstTheSpecification(all);
    for (const says of [
      /MemorySise' was unexpected/,
      /Timeout: 'long' is not of type 'integer'/,
      /StartingPosition: 'OLDEST' does not match/,
      /'RoleArn' is a required property/,
      /Name: length 65 exceeds maximum 64/,
      /Circular Dependencies/,
    ]) {
      const those = found.filter((line) => says.test(line));
      expect(those).not.toEqual([]);
      for (const line of those) found.splice(found.indexOf(line), 1);
    }
    expect(found).toEqual([]);
  });

  it.each<[string, (all: Resources) => void, RegExp]>([
    [
      'a missing permission',
      (all) => void statements(all, 'manageJobRole').splice(1, 1),
      /^manageJobRole lacks dynamodb:(BatchGetItem|GetItem|Scan|UpdateItem) LinksTable\.Arn$/,
    ],
    [
      'a missing permission of Lambda itself',
      (all) => {
        const own = statements(all, 'userchangedJobRole');
        own.splice(
          own.findIndex(({ Action }) => Action === 's3:PutObject'),
          1,
        );
      },
      /^userchangedJobRole lacks s3:PutObject QuarantineBucket\.Arn\/aws\/lambda\/\*$/,
    ],
    [
      'an unused permission',
      (all) =>
        (statements(all, 'identifyJobRole')[1]!.Action = [
          'dynamodb:BatchGetItem',
          'dynamodb:DeleteItem',
          'dynamodb:GetItem',
          'dynamodb:UpdateItem',
        ]),
      /^identifyJobRole has dynamodb:DeleteItem LinksTable\.Arn and never uses it$/,
    ],
    [
      'a wildcard',
      (all) =>
        void statements(all, 'identifyJobRole').push({
          ...statements(all, 'identifyJobRole')[1]!,
          Action: 'dynamodb:*',
        }),
      /^identifyJobRole has (the wildcard dynamodb:\* LinksTable\.Arn|dynamodb:\* LinksTable\.Arn and never uses it)$/,
    ],
    [
      'a topic with nothing but a Deny',
      (all) => {
        const document = one(all, 'AWS::SNS::TopicPolicy').of['PolicyDocument'];
        document.Statement = document.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Deny');
      },
      /CloudWatch may not publish to AlarmsTopic$/,
    ],
    [
      'an alarm without a reader',
      (all) => void delete all[one(all, 'AWS::SNS::Subscription').id],
      /nobody is subscribed/,
    ],
    [
      'a changed logical id',
      (all) => {
        const { id, resource } = one(all, 'AWS::S3::Bucket');
        const renamed = JSON.parse(JSON.stringify(all).replaceAll(id, 'OtherBucket0A0A0A0A')) as Resources;
        for (const key of Object.keys(all)) delete all[key];
        Object.assign(all, renamed, { OtherBucket0A0A0A0A: resource });
      },
      /is gone, and its data|holds data and is not recorded|lacks s3:|never uses it/,
    ],
    [
      'an unreachable destination',
      (all) => (one(all, 'AWS::Scheduler::Schedule').of['Target'].Arn = 'arn:aws:lambda:eu-west-1::function:gone'),
      /leads to arn:aws:lambda:eu-west-1::function:gone, which is nothing|lambda:InvokeFunction/,
    ],
    [
      'an authorizer that may not be asked',
      (all) => void delete all[one(all, 'AWS::Lambda::Permission', 'authorize').id],
      /^the gateway may not ask authorizeJobFunction\.Arn who somebody is$/,
    ],
    [
      'a gateway that may not call',
      (all) => void delete all[one(all, 'AWS::Lambda::Permission', 'manage').id],
      /^the gateway may not call manageJobFunction\.Arn$/,
    ],
  ])('%s', (_, plant, says) => {
    const all = structuredClone(resources) as unknown as Resources;
    plant(all);
    const found = walk(all, [tableKeyArn]);
    expect(found).not.toEqual([]);
    for (const line of found) expect(line).toMatch(says);
  });
});
