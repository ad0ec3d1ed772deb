import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';

const constructId = 'EncryptionKey';

/** The stage's customer managed key; undefined where AWS's own keys do. */
export function encryptionKey(
  scope: Construct,
  { encryptionKeyArn }: Pick<Stage, 'encryptionKeyArn'>,
): IKey | undefined {
  if (encryptionKeyArn === undefined) return undefined;
  const stack = Stack.of(scope);
  const known = stack.node.tryFindChild(constructId) as IKey | undefined;
  return known ?? Key.fromKeyArn(stack, constructId, encryptionKeyArn);
}

/** What a caller needs of a customer managed key: the services use it in the caller's name (AWS, "Using a customer managed key"). */
export const keyActions = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:CreateGrant',
] as const;
