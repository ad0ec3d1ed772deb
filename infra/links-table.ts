import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { isDisposable, type Stage } from './config.ts';

const dueIndex = 'Due';
const byContactIndex = 'ByContact';

/** The table `Links` with its two indexes (design §4). Outside a disposable stage nothing can delete it by accident. */
export class LinksTable extends Construct {
  readonly table: Table;
  /** The index of what is owed: a permission to query it is not one to read the table. */
  readonly dueIndexArn: string;
  /** The index by which a contact's link is found. */
  readonly byContactIndexArn: string;
  /** The stream of both images. */
  readonly streamArn: string;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const disposable = isDisposable(stage);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Only event receipts carry it; links and tombstones never expire.
      timeToLiveAttribute: 'expiresAt',
      encryption: TableEncryption.AWS_MANAGED,
      deletionProtection: !disposable,
      removalPolicy: disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    this.addIndexes();
    this.dueIndexArn = `${this.table.tableArn}/index/${dueIndex}`;
    this.byContactIndexArn = `${this.table.tableArn}/index/${byContactIndex}`;
    // The table above has a stream, so there is an ARN; CDK's type does not know.
    this.streamArn = this.table.tableStreamArn ?? '';
  }

  /** Keys alone: who reads an index then reads the row itself, consistently, so a wider copy would only cost writes. */
  private addIndexes(): void {
    this.table.addGlobalSecondaryIndex({
      indexName: dueIndex,
      partitionKey: { name: 'dueShard', type: AttributeType.STRING },
      sortKey: { name: 'dueAt', type: AttributeType.NUMBER },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: byContactIndex,
      partitionKey: { name: 'contactId', type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
  }
}
