/** Any of the writes of a model: what it does to a row, or to a batch. */
type Writes<Row> = Readonly<Record<string, (row: Row, change: never, weak?: never) => Row | undefined>>;

/** One write that a model made, and what came of it there. */
export interface Made<Row> {
  readonly name: string;
  readonly row: Row;
  readonly change: unknown;
  readonly after: Row | undefined;
}

/** The same writes, and every different one that was made with them. */
export function recorded<Row, All extends Writes<Row>>(writes: All): { writes: All; made: () => Made<Row>[] } {
  const seen = new Map<string, Made<Row>>();
  const recording = ([name, write]: [string, Writes<Row>[string]]) => [
    name,
    (row: Row, change: never, weak?: never): Row | undefined => {
      const after = write(row, change, weak);
      const key = JSON.stringify([name, row, change]);
      if (!seen.has(key)) seen.set(key, { name, row, change, after });
      return after;
    },
  ];
  const copies = Object.fromEntries(Object.entries(writes).map(recording)) as unknown as All;
  return { writes: copies, made: () => [...seen.values()] };
}
