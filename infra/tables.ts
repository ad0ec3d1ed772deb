import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
  type Attribute,
  type ITable,
} from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { encryptionKey } from './encryption.ts';
import type { Allowance, Grant } from './job.ts';
import { isProtected, keptWithData } from './protection.ts';

type Action = 'BatchGetItem' | 'ConditionCheckItem' | 'GetItem' | 'PutItem' | 'Query' | 'Scan' | 'UpdateItem';

const text = (name: string): Attribute => ({ name, type: AttributeType.STRING });
const number = (name: string): Attribute => ({ name, type: AttributeType.NUMBER });

/** A table whose rows wake their job by its stream, and are found by the index `Due` while something is owed (design §4). */
class DueTable<Index extends string> extends Construct {
  readonly table: ITable;
  /** The stream of both images. */
  readonly streamArn: string;

  /** Protected outside a disposable stage. `indexes` are those beside `Due`. A given table with a stream is used as it is, with its items. */
  constructor(
    scope: Construct,
    id: string,
    stage: Stage,
    indexes: Readonly<Record<Index, readonly [Attribute, Attribute?]>>,
    { sortKey, tableStreamArn }: { readonly sortKey?: Attribute; readonly tableStreamArn?: string | undefined },
  ) {
    super(scope, id);
    const key = encryptionKey(this, stage);
    const own = new Table(this, 'Table', {
      partitionKey: text('pk'),
      ...(sortKey && { sortKey }),
      billingMode: BillingMode.PAY_PER_REQUEST,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Event receipts carry it, and runs and their ledgers from their end on; links and tombstones never expire.
      timeToLiveAttribute: 'expiresAt',
      encryption: key ? TableEncryption.CUSTOMER_MANAGED : TableEncryption.AWS_MANAGED,
      ...(key && { encryptionKey: key }),
      deletionProtection: isProtected(this, stage),
      removalPolicy: keptWithData(stage),
    });
    const all = { Due: [text('dueShard'), number('dueAt')], ...indexes };
    // Keys alone: who reads an index then reads the row itself, consistently, so a wider copy would only cost writes.
    for (const [indexName, [partitionKey, by]] of Object.entries<readonly (Attribute | undefined)[]>(all))
      own.addGlobalSecondaryIndex({
        indexName,
        ...(partitionKey && { partitionKey }),
        ...(by && { sortKey: by }),
        projectionType: ProjectionType.KEYS_ONLY,
      });
    const [tableArn = ''] = tableStreamArn?.split('/stream/') ?? [];
    this.table = tableStreamArn ? Table.fromTableAttributes(this, 'Restored', { tableArn, tableStreamArn }) : own;
    // Either has a stream, so there is an ARN; CDK's type does not know.
    this.streamArn = this.table.tableStreamArn ?? '';
  }

  /** The variable that names the table, with what its job may do. */
  variable(...may: Grant<string>['may']): Grant<string> {
    return { value: this.table.tableName, may };
  }

  /** These actions on the table itself. */
  may(...actions: readonly Action[]): Allowance {
    return { actions: actions.map((one) => `dynamodb:${one}`), arn: this.table.tableArn };
  }

  /** To query an index: no permission to read the table. */
  mayQuery(index: Index | 'Due'): Allowance {
    return { actions: ['dynamodb:Query'], arn: `${this.table.tableArn}/index/${index}` };
  }
}

/** Ties people to contacts; the index `ByContact` finds a contact's link. */
export class LinksTable extends DueTable<'ByContact'> {
  constructor(scope: Construct, stage: Stage) {
    super(scope, 'Links', stage, { ByContact: [text('contactId')] }, { tableStreamArn: stage.restoredTables.links });
  }
}

/** Broadcasts, their runs, and the batches, which say who was sent what. The index `Listed` has all broadcasts by their creation. */
export class BroadcastsTable extends DueTable<'Listed'> {
  constructor(scope: Construct, stage: Stage) {
    super(scope, 'Broadcasts', stage, { Listed: [text('listed'), number('createdAtMs')] }, { sortKey: text('sk') });
  }
}
