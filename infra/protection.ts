import { RemovalPolicy } from 'aws-cdk-lib/core';
import type { IConstruct } from 'constructs';
import { isDisposable, type Stage } from './config.ts';

/**
 * What becomes of a resource with data when its stack goes. Outside a disposable stage it stays, but for one that a first deployment made
 * and then failed: it is empty, and would stand in the way of the next try (CloudFormation, `RetainExceptOnCreate`).
 */
export function keptWithData(stage: Pick<Stage, 'stage'>): RemovalPolicy {
  return isDisposable(stage) ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
}

/** The word of the context by which `npm run deploy` says that the stack does not stand yet. */
export const firstDeployment = 'first-deployment';

/** Whether stack and tables refuse to be deleted: not in a first deployment, which must be deleted if it fails, to be tried again. */
export function isProtected(scope: IConstruct, stage: Pick<Stage, 'stage'>): boolean {
  return !isDisposable(stage) && scope.node.tryGetContext(firstDeployment) !== true;
}
