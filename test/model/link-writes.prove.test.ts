import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conditionalUpdate, inTransaction } from '../../functions/io/aws/conditional-update.ts';
import { holderKey, holdToBind } from '../../functions/io/aws/contact-holder.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import type { Write } from '../../functions/io/aws/conditional-update.ts';
import * as real from '../../functions/io/aws/link-writes.ts';
import { transact } from '../../functions/io/aws/transact.ts';
import { systemClock } from '../../functions/io/clock.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import { startTable, type Table } from '../rigs/real-parts.ts';
import { share, sized } from '../scope.ts';
import { creationModel } from './creation.ts';
import { explore } from './explore.ts';
import { exploredMsMax } from './explored.ts';
import type { Row, RowWeakness } from './link-row.ts';
import { linkWrites, type Holder, type LinkWrites } from './link-writes.ts';
import { linkOf, realWrites, rowOf } from './real-link.ts';
import { recorded, type Made } from './recorded.ts';
import { updateModel } from './update.ts';

/** Writes of the code that are known to be weaker than the models' are. */
const weakerInTheCode: Partial<Record<string, RowWeakness>> = {};
/** One process answers, and so many requests at once keep it busy. */
const AT_ONCE = 32;

let table: Table;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

type AnyWrite<Result> = (row: Row, change: never, weak?: RowWeakness) => Result;

/** What the code makes of the same row in a real table. */
async function inTheTable({ name, row, change }: Made<Row>, pk: string): Promise<Row | undefined> {
  if (row.revision > 0)
    await table.client.send(
      new PutItemCommand({ TableName: 'Links', Item: marshall(linkOf(row, pk), { removeUndefinedValues: true }) }),
    );
  const write = (realWrites[name as keyof LinkWrites] as AnyWrite<Write>)(row, change as never);
  if (name === 'bind' || name === 'bindCreated') return boundInTheTable(write, pk, change as Binding);
  const wrote = await conditionalUpdate(table.client, 'Links', pk, write);
  return 'row' in wrote ? rowOf(wrote.row) : undefined;
}

interface Binding {
  readonly generation: number;
  readonly contact: string;
  readonly heldFor: Holder;
}

/** A binding is written together with the row of the contact, as it was before. */
async function boundInTheTable(write: Write, pk: string, { generation, heldFor }: Binding): Promise<Row | undefined> {
  // The same contact has another name for each case, so that cases do not meet.
  const contact = `of ${pk}`;
  const links = new DynamoLinkTable(table.client, 'Links', systemClock);
  const holder = heldFor === 'another' ? { pk: 'user#another', generation } : { pk, generation: heldFor ?? 0 };
  if (heldFor !== null) await links.hold(holder as Link, contact, heldFor === 0 ? 'erase' : 'empty');
  const reasons = await transact(table.client, [
    inTransaction('Links', pk, write),
    inTransaction('Links', holderKey(contact), holdToBind({ pk, generation }, systemClock.now())),
  ]);
  if (reasons) return undefined;
  const [row, held] = await Promise.all([links.read(pk), links.read(holderKey(contact))]);
  expect(held).toMatchObject({ holder: pk, generation });
  return row && rowOf(row);
}

/** What the model makes of it, with the weakness that the code is known to have. */
function inTheModel({ name, row, change, after }: Made<Row>): Row | undefined {
  const weakness = weakerInTheCode[name];
  if (!weakness) return after;
  return (linkWrites[name as keyof LinkWrites] as AnyWrite<Row | undefined>)(row, change as never, weakness);
}

async function differences(made: readonly Made<Row>[]): Promise<unknown[]> {
  const found: unknown[] = [];
  const waiting = made.entries();
  const worker = async (): Promise<void> => {
    for (const [index, one] of waiting) {
      const [code, model] = [await inTheTable(one, `user#${one.name}-${index}`), inTheModel(one)];
      if (JSON.stringify(code) !== JSON.stringify(model)) found.push({ ...one, code, model });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found;
}

/** The same writes but for the names of owners, of which it matters only whether they are one's own: each once. */
function alike(made: readonly Made<Row>[]): Made<Row>[] {
  const once = new Map(
    made.map((one) => {
      const { owner } = one.change as { owner?: string | null };
      const nameOf = (other: string): string => (other === owner ? 'own' : 'other');
      const change = { ...(one.change as object), ...(typeof owner === 'string' && { owner: 'own' }) };
      const [row, after] = [named(one.row, nameOf), one.after && named(one.after, nameOf)];
      return [JSON.stringify([one.name, row, change]), { name: one.name, row, change, after }];
    }),
  );
  return [...once.values()];
}

const named = (row: Row, nameOf: (owner: string) => string): Row =>
  row.lease ? { ...row, lease: { ...row.lease, owner: nameOf(row.lease.owner) } } : row;

/** So many states are explored: the nearest ones make each of the writes. */
const EXPLORED = sized({ test: 80_000, prove: Infinity, long: Infinity });
/** So many different writes are made there at least. */
const WRITES_MIN = sized({ test: 1_000, prove: 1_500, long: 1_500 });
/** One in so many is tried, always the same ones. */
const ONE_IN = sized({ test: 100, prove: 1, long: 1 });
const chosen = (made: readonly Made<Row>[]): Made<Row>[] => made.filter((_, index) => index % ONE_IN === 0);

describe('the writes of the models', () => {
  it('are all the writes that the code has', () => {
    const inTheCode = Object.entries(real).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
    // These lie with the writes of erasures.
    const all = [...inTheCode, 'removeFormerContact', 'clearDue'];
    expect(Object.keys(linkWrites).toSorted()).toEqual(all.toSorted());
  });

  it(
    `do to the rows that creating meets what the code does in a real table (${share(ONE_IN)})`,
    { timeout: exploredMsMax },
    async () => {
      const { writes, made } = recorded<Row, LinkWrites>(linkWrites);
      explore(creationModel({ uniqueness: 'racy', writes }), EXPLORED);
      const all = alike(made());
      expect(new Set(all.map(({ name }) => name)).size).toBe(Object.keys(linkWrites).length);
      expect(all.length).toBeGreaterThan(WRITES_MIN);
      expect((await differences(chosen(all))).slice(0, 3)).toEqual([]);
    },
  );

  it(
    `do to the rows that updating meets what the code does in a real table (${share(ONE_IN)})`,
    { timeout: exploredMsMax },
    async () => {
      const { writes, made } = recorded<Row, LinkWrites>(linkWrites);
      explore(updateModel({ writes }), EXPLORED);
      const all = alike(made());
      expect(all.length).toBeGreaterThan(WRITES_MIN);
      expect((await differences(chosen(all))).slice(0, 3)).toEqual([]);
    },
  );
});
