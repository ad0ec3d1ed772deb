import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { DueTable } from './due-table.ts';

/** The table `Broadcasts`: each broadcast with its runs, and each run with its batches, which are the ledger of who was sent what. */
export class BroadcastsTable extends DueTable {
  /** The index of all broadcasts, by the time of their creation. */
  readonly listedIndexArn: string;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id, stage, { name: 'sk', type: AttributeType.STRING });
    const createdAtMs = { name: 'createdAtMs', type: AttributeType.NUMBER };
    this.listedIndexArn = this.addIndex('Listed', { name: 'listed', type: AttributeType.STRING }, createdAtMs);
  }
}
