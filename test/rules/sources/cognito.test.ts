import { describe, expect, it } from 'vitest';
import { readDelivery, sourceOfBus, sourceSchema, type EventSource } from '../../../functions/rules/sources/source.ts';

const userPoolId = 'eu-west-1_Sample000';
const source = sourceSchema.parse({ kind: 'cognito', name: 'pool', read: { userPoolId } }) as EventSource;
const sub = '00000000-0000-4000-8000-000000000001';
const readAtMs = Date.parse('2026-11-20T10:00:00Z');

/** A record of CloudTrail in EventBridge's envelope (AWS, "Amazon Cognito logging in AWS CloudTrail"). */
function record(eventName: string, changes: object = {}): object {
  const detail = {
    eventName,
    eventTime: '2026-11-20T09:59:58Z',
    eventID: 'trail-1',
    requestParameters: { userPoolId, username: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    additionalEventData: { sub },
    ...changes,
  };
  return { id: 'bridge-1', 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.cognito-idp', detail };
}
const told = (event: object) =>
  readDelivery(source, { body: Buffer.from(JSON.stringify(event)), key: 'eventbridge', readAtMs });

describe('what CloudTrail tells of a user pool', () => {
  it.each([
    ['AdminRemoveUserFromGroup', { kind: 'hint', changed: ['roles', 'groups'] }],
    ['AdminAddUserToGroup', { kind: 'hint', changed: ['roles', 'groups'] }],
    ['AdminUpdateUserAttributes', { kind: 'hint', changed: ['@'] }],
    ['AdminEnableUser', { kind: 'hint', changed: [] }],
    ['AdminDisableUser', { kind: 'disable' }],
  ])('%s asks for the user, and says by itself what it can', (name, change) => {
    expect(told(record(name))).toMatchObject({ kind: 'change', eventId: 'trail-1', userId: sub, change, asks: true });
  });

  it('AdminDeleteUser deletes, and asks nobody', () => {
    const event = told(record('AdminDeleteUser'));
    expect(event).toMatchObject({ kind: 'change', userId: sub, change: { kind: 'delete' } });
    expect(event).not.toHaveProperty('asks');
  });

  it.each([
    ['what was refused', record('AdminDisableUser', { errorCode: 'UserNotFoundException' })],
    ['another pool', record('AdminDisableUser', { requestParameters: { userPoolId: 'eu-west-1_Other0000' } })],
    ['what users do themselves, which names no pool', record('AdminDisableUser', { requestParameters: null })],
    ['another operation', record('AdminInitiateAuth')],
    ['a member of every object', record('constructor')],
    ['a creation that names nobody', record('AdminCreateUser', { additionalEventData: undefined })],
  ])('passes %s over', (_, event) => {
    expect(told(event)).toMatchObject({ kind: 'nothing' });
  });

  it('keeps for a person what takes something away and names nobody', () => {
    expect(told(record('AdminRemoveUserFromGroup', { additionalEventData: undefined }))).toMatchObject({
      kind: 'unreadable',
    });
  });

  it('is the source of its pool alone', () => {
    const of = (event: object) => sourceOfBus([source], Buffer.from(JSON.stringify(event)))?.name;
    expect(of(record('AdminDisableUser'))).toBe('pool');
    expect(of({ ...record('AdminDisableUser'), source: 'com.somebody.else' })).toBeUndefined();
    expect(
      of(record('AdminDisableUser', { requestParameters: { userPoolId: 'eu-west-1_Other0000' } })),
    ).toBeUndefined();
  });
});
