import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { DueTable } from './due-table.ts';

/** The table `Links` with its two indexes (design §4). */
export class LinksTable extends DueTable {
  /** The index by which a contact's link is found. */
  readonly byContactIndexArn: string;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id, stage);
    this.byContactIndexArn = this.addIndex('ByContact', { name: 'contactId', type: AttributeType.STRING });
  }
}
