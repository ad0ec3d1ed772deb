import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
  type Attribute,
} from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { encryptionKey } from './encryption.ts';
import { isProtected, keptWithData } from './protection.ts';

/** A table whose rows wake their job by its stream, and are found by the index `Due` while something is owed. */
export class DueTable extends Construct {
  readonly table: Table;
  /** The index of what is owed: a permission to query it is not one to read the table. */
  readonly dueIndexArn: string;
  /** The stream of both images. */
  readonly streamArn: string;

  /** Outside a disposable stage nothing can delete it by accident. */
  constructor(scope: Construct, id: string, stage: Stage, sortKey?: Attribute) {
    super(scope, id);
    const key = encryptionKey(this, stage);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      ...(sortKey && { sortKey }),
      billingMode: BillingMode.PAY_PER_REQUEST,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Event receipts carry it, and runs and their ledgers from their end on; links and tombstones never expire.
      timeToLiveAttribute: 'expiresAt',
      ...(key
        ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: key }
        : { encryption: TableEncryption.AWS_MANAGED }),
      deletionProtection: isProtected(this, stage),
      removalPolicy: keptWithData(stage),
    });
    const dueAt = { name: 'dueAt', type: AttributeType.NUMBER };
    this.dueIndexArn = this.addIndex('Due', { name: 'dueShard', type: AttributeType.STRING }, dueAt);
    // The table above has a stream, so there is an ARN; CDK's type does not know.
    this.streamArn = this.table.tableStreamArn ?? '';
  }

  /** Keys alone: who reads an index then reads the row itself, consistently, so a wider copy would only cost writes. */
  protected addIndex(indexName: string, partitionKey: Attribute, sortKey?: Attribute): string {
    const keys = { partitionKey, ...(sortKey && { sortKey }) };
    this.table.addGlobalSecondaryIndex({ indexName, ...keys, projectionType: ProjectionType.KEYS_ONLY });
    return `${this.table.tableArn}/index/${indexName}`;
  }
}
