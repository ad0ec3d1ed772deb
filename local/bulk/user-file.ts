import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { CommandError } from '../commands/command-error.ts';
import { readTextFile } from '../commands/text-file.ts';

/** One row of a file of users: where it ends, and the user as a JSON object, or why there is none; or somebody who is missing in it. */
export type FileRow = { readonly line: number } & (
  | { readonly text: string }
  | { readonly problem: string }
  | { readonly missing: string }
);

/** A file as the operator names it. */
export interface UserFile {
  readonly path: string;
  /** A label of the Encoding Standard, such as `shift_jis`. */
  readonly encoding?: string | undefined;
}

/** Whether the file is a table with a row of names above it; otherwise it has a JSON object in each line. */
export const isTable = ({ path }: UserFile): boolean => !/\.(jsonl|ndjson)$/i.test(path);

/** The text of a file, and its rows. Throws `CommandError` for what cannot be read to its end. */
export async function readUsers(file: UserFile): Promise<{ readonly text: string; readonly rows: FileRow[] }> {
  const text = await readTextFile(file.path, file.encoding);
  try {
    return { text, rows: isTable(file) ? await Array.fromAsync(tableRows(text)) : lineRows(text) };
  } catch (error) {
    throw error instanceof CsvError ? new CommandError(`${file.path} is no CSV: ${error.message}`) : error;
  }
}

/** Not by any other separator: a text in JSON may hold U+2028. */
const lineRows = (text: string): FileRow[] =>
  text.split('\n').flatMap((one, index) => (one.trim() === '' ? [] : { line: index + 1, text: one }));

/** What spreadsheets put between cells, by the language that they are set to, and in a text in UTF-16. */
const DELIMITERS = [',', ';', '\t'];

async function* tableRows(text: string): AsyncGenerator<FileRow> {
  const [head = ''] = text.split(/[\r\n]/, 1);
  const [delimiter = ','] = DELIMITERS.toSorted((a, b) => head.split(b).length - head.split(a).length);
  const options = {
    columns: namesIn,
    delimiter,
    // Where two files were put together, both: told by the first row, the other's would stand in the cells.
    record_delimiter: ['\r\n', '\n', '\r'],
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
  };
  // In pieces, none of which ends within a character, because a whole file would be as many cells at once.
  const pieces = text.match(/[^]{1,65536}/gu) ?? [];
  const rows: AsyncIterable<{ record: Record<string, string>; info: CellsInfo }> = Readable.from(pieces).pipe(
    parse(options),
  );
  for await (const {
    record,
    info: { lines: line, error },
  } of rows)
    yield error
      ? { line, problem: 'has another number of cells than the row of names' }
      : { line, text: JSON.stringify(withAttributes(record)) };
}

interface CellsInfo {
  readonly lines: number;
  readonly error?: CsvError;
}

function namesIn(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  if (names.every((name, index) => name !== '' && names.indexOf(name) === index)) return names;
  throw new CommandError('the first row must name every column, each by a name of its own');
}

/** A column `attributes.country` is a member of the record's `attributes`, which a source may take all of. */
function withAttributes(cells: Record<string, string>): Record<string, unknown> {
  const { of = [], own = [] } = Object.groupBy(Object.entries(cells), ([name]) =>
    name.startsWith('attributes.') ? 'of' : 'own',
  );
  const attributes = Object.fromEntries(of.map(([name, cell]) => [name.slice('attributes.'.length), cell]));
  return { ...Object.fromEntries(own), ...(of.length > 0 && { attributes }) };
}
