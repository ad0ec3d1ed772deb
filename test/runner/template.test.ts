import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { TemplateError } from '../../local/runner/intrinsics.ts';
import { properties, read as readProperties } from '../../local/runner/properties.ts';
import { readStack, type Stack } from '../../local/runner/template.ts';
import { type MiniStackParts, writeMiniStack } from './mini-stack.ts';

const made: (() => void)[] = [];
afterEach(() => made.splice(0).forEach((remove) => remove()));

function read(parts: MiniStackParts): Stack {
  const { assemblyDir, stackName, remove } = writeMiniStack(parts);
  made.push(remove);
  return readStack(assemblyDir, stackName, 'http://localhost:3000');
}

const table = {
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  },
};
const api = { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } };

function resolved(value: unknown): unknown {
  const parts = {
    resources: {
      Links: table,
      Api: api,
      Role: { Type: 'AWS::IAM::Role', Properties: { Anything: 1 } },
      Probe: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: value } },
    },
    parameters: { Given: { Type: 'String', Default: 'from the parameter' } },
  };
  return read(parts).ofType('AWS::Scheduler::ScheduleGroup')[0]?.properties['Name'];
}

describe('the functions of a template', () => {
  it.each<[string, unknown, string]>([
    ['a resource', { Ref: 'Links' }, 'mini-Links'],
    ['a parameter', { Ref: 'Given' }, 'from the parameter'],
    ['a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['an attribute', { 'Fn::GetAtt': ['Links', 'Arn'] }, 'arn:aws:dynamodb:us-east-1:000000000000:table/mini-Links'],
    ['a join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Partition' }]] }, 'a-aws'],
    ['a substitution', { 'Fn::Sub': '${Links}/${AWS::Region}' }, 'mini-Links/us-east-1'],
    ['the address of the API', { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] }, 'http://localhost:3000'],
  ])('resolve %s', (_, value, text) => {
    expect(resolved(value)).toBe(text);
  });

  it.each<[string, unknown, RegExp]>([
    ['function', { 'Fn::Cidr': ['10.0.0.0/8', 2] }, /Probe\.Name.*Fn::Cidr/],
    ['name', { Ref: 'Nowhere' }, /Probe\.Name\.Ref.*Nowhere/],
    ['attribute', { 'Fn::GetAtt': ['Links', 'Colour'] }, /Links\.Colour/],
    ['dynamic reference', '{{resolve:ssm:name}}', /Probe\.Name.*dynamic/],
  ])('stop at an unknown %s, and say where', (_, value, message) => {
    expect(() => resolved(value)).toThrow(TemplateError);
    expect(() => resolved(value)).toThrow(message);
  });

  it('leave a property without a value out', () => {
    const { resources } = read({
      resources: { Links: { ...table, Properties: { ...table.Properties, TableName: { Ref: 'AWS::NoValue' } } } },
    });
    expect(resources[0]?.properties).toEqual(table.Properties);
  });
});

describe('the resources of a template', () => {
  it('stop the runner where it does not know the type', () => {
    expect(() => read({ resources: { Cluster: { Type: 'AWS::ECS::Cluster' } } })).toThrow(
      'Cluster: the runner does not know the resource type AWS::ECS::Cluster, so it cannot run this stack',
    );
  });

  it('stop the runner where it does not know a property', () => {
    const Links = { ...table, Properties: { ...table.Properties, KinesisStreamSpecification: {} } };
    const [resource] = read({ resources: { Links } }).resources;
    expect(() => readProperties(properties({ KeySchema: z.unknown() }, 'AttributeDefinitions'), resource!)).toThrow(
      'Links: ✖ Unrecognized key: "KinesisStreamSpecification"',
    );
  });

  it('are left out when they are known to do nothing here', () => {
    const { resources } = read({
      resources: { Links: table, Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { Any: 1 } } },
    });
    expect(resources.map(({ logicalId }) => logicalId)).toEqual(['Links']);
  });

  it('call a bucket by a name that a bucket can have', () => {
    const { resources } = read({ resources: { GivenUp: { Type: 'AWS::S3::Bucket', Properties: {} } } });
    expect(resources[0]?.identity.ref).toBe('mini-givenup');
    expect(resources[0]?.identity.attribute('Arn')).toBe('arn:aws:s3:::mini-givenup');
  });

  it('stop the runner where they depend on a condition', () => {
    expect(() => read({ resources: { Links: { ...table, Condition: 'No' } } })).toThrow(/Links.Condition/);
  });
});
