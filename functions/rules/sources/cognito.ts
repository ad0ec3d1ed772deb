import * as z from 'zod/mini';
import { cognitoReadSchema } from '../stores/cognito-api.ts';
import { objectAt, type Json } from './json.ts';
import { mappingSchema, sourceName, vendorPaths } from './mapping.ts';
import { hintsSchema, type Said } from './source-event.ts';
import { instantVersion } from '../contacts/version.ts';

/**
 * An Amazon Cognito user pool. It calls no webhook; what was done to a user stands in CloudTrail, whose events EventBridge brings (AWS,
 * "AWS service events delivered via AWS CloudTrail"; the account needs a trail that logs management events). They name the user by the
 * `sub`, in `additionalEventData`, hide the name and carry no values: so the user is always read. Paths start at the attributes.
 */
export const cognitoSourceSchema = z.strictObject({
  kind: z.literal('cognito'),
  name: sourceName,
  hints: hintsSchema,
  read: cognitoReadSchema,
  fields: mappingSchema(vendorPaths.cognito),
});
type CognitoSource = z.infer<typeof cognitoSourceSchema>;

/** What an administrator does to a user (Amazon Cognito, "API reference"). What users do themselves names no pool: it may be another one. */
const operations: Readonly<Record<string, 'groups' | 'attributes' | 'other' | 'disable' | 'delete'>> = {
  AdminAddUserToGroup: 'groups',
  AdminRemoveUserFromGroup: 'groups',
  AdminDisableUser: 'disable',
  AdminDeleteUser: 'delete',
  AdminEnableUser: 'other',
  AdminUpdateUserAttributes: 'attributes',
  AdminDeleteUserAttributes: 'attributes',
  AdminCreateUser: 'other',
  AdminConfirmSignUp: 'other',
};

/** What the others may have taken away: nothing where somebody is created, confirmed or enabled. */
const hints = { groups: ['roles', 'groups'], attributes: ['@'], other: [] } as const;

/** By which the rule of EventBridge picks them. */
export const COGNITO_OPERATIONS = Object.keys(operations);

/** What one record of CloudTrail says. */
export function readCognito(source: CognitoSource, event: Json): Said {
  const { eventName, errorCode, eventTime } = event;
  if (typeof eventName !== 'string') return { path: 'eventName', problem: 'must be a string' };
  const said = Object.hasOwn(operations, eventName) ? operations[eventName] : undefined;
  // What was refused changed nothing.
  const isRefused = errorCode !== undefined && errorCode !== null && errorCode !== '';
  if (said === undefined || isRefused) return undefined;
  if (objectAt(event, 'requestParameters')['userPoolId'] !== source.read.userPoolId) return undefined;
  const userId = objectAt(event, 'additionalEventData')['sub'];
  // Whoever was just created and is not named loses nothing: the next event or the nightly reading names them.
  if (userId === undefined && eventName === 'AdminCreateUser') return undefined;
  const version = typeof eventTime === 'string' ? instantVersion(eventTime) : undefined;
  if (said !== 'disable' && said !== 'delete') return { kind: 'hint', userId, version, about: hints[said] };
  return { kind: said, userId, version, asks: said === 'disable' };
}
