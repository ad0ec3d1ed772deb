import { beforeAll, describe, expect, it } from 'vitest';
import { sampleStage } from '../infra/sample-stage.ts';
import { ofType, readable, synthesized, type Synthesized } from '../infra/synthesized.ts';

const streamArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2026-01-01T00:00:00.000';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
}

let stack: Synthesized;
beforeAll(async () => {
  stack = await synthesized(sampleStage({ sources: [{ kind: 'table', name: 'users', streamArn }] }));
});

function statements(role?: string): Statement[] {
  const policies = ofType(stack, 'AWS::IAM::Policy').map(
    ({ Properties }) => readable(Properties) as { Roles: string[]; PolicyDocument: { Statement: Statement[] } },
  );
  const own = policies.filter(({ Roles }) => role === undefined || Roles.includes(role));
  return own.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** Each permission as `action on resource`. */
function permissions(role?: string): string[] {
  return statements(role).flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} on ${resource}`)),
  );
}

/** What a job that was broken into must not be able to do. The exact lists of what each may do are in test/infra. */
const denied: [role: string, RegExp][] = [
  ['identifyJobRole', /dynamodb:(Delete|Put|Scan|Query|Batch)|SourceSecrets|scheduler:|s3:|lambda:|Broadcasts/],
  ['userchangedJobRole', /MaiAgentApiKey|VisitorSigning|dynamodb:Scan|scheduler:|lambda:|Broadcasts/],
  // It takes an erased person's ids out of the ledgers' rows, and ends what a directory left of that person by a tombstone.
  [
    'syncJobRole',
    /dynamodb:Delete|dynamodb:(?!Get|Put|Query|Scan)\w+ on Broadcasts|SourceSecrets|VisitorSigning|scheduler:|lambda:/,
  ],
  ['manageJobRole', /dynamodb:Delete|SourceSecrets|VisitorSigning|scheduler:|lambda:|s3:|iam:/],
];

describe('a job that was broken into', () => {
  it.each(denied)('as %s can do nothing of %s', (role, pattern) => {
    expect(permissions(role).length).toBeGreaterThan(3);
    expect(permissions(role).filter((one) => pattern.test(one))).toEqual([]);
  });

  it('cannot change secrets, tables, rights, functions or logs, whichever it is', () => {
    const pattern =
      /:(Put|Create|Update|Delete|Restore|Rotate)(Secret|Table|Resource|Role|Policy|Function|LogGroup)|sts:|kms:|iam:(?!PassRole)/;
    expect(permissions().filter((one) => pattern.test(one))).toEqual([]);
  });

  it('holds only allowances of named actions on named resources', () => {
    for (const statement of statements()) {
      expect(Object.keys(statement).filter((key) => key.startsWith('Not'))).toEqual([]);
      expect(statement.Effect).toBe('Allow');
      for (const action of [statement.Action].flat()) expect(action).toMatch(/^[a-z0-9]+:[A-Za-z]+$/);
      for (const resource of [statement.Resource].flat()) expect(resource).not.toMatch(/^\*$|^arn:[^/]*\*$/);
    }
  });

  it('is reached through the gateway, a stream or a schedule, and by no address of its own', () => {
    expect(ofType(stack, 'AWS::Lambda::Url')).toEqual([]);
    const principals = ofType(stack, 'AWS::Lambda::Permission').map(({ Properties }) => Properties['Principal']);
    expect(new Set(principals)).toEqual(new Set(['apigateway.amazonaws.com']));
  });
});
