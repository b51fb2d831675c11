import { parse } from "csv-parse";
import { pipeline } from "node:stream";
import { openText } from "./file-text.js";
import { UnreadableFile } from "./unreadable-file.js";

/** One row of a CSV file. */
export interface CsvRow<Column extends string> {
  /** Place in the file, the header being line 1. A quoted line break does not count. */
  readonly line: number;
  /** The value in a column; empty where the row is too short. */
  readonly get: (column: Column) => string;
  /** Number of values equals that of the columns. */
  readonly isWhole: boolean;
  /** The values as they came. */
  readonly values: readonly string[];
}

/** One record of a CSV file, as it came. */
export interface CsvRecord {
  /** The line that it ends on, from 1. */
  readonly line: number;
  readonly values: readonly string[];
}

/** What is said alike of all CSV files: empty lines are none, and a record may be shorter or longer than the header. */
const READING = { bom: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true };

/** Longest record, characters: a quote that is never closed must not take the rest of the file into memory. */
const RECORD_LENGTH_MAX = 1 << 20;

/** The records of a CSV file (RFC 4180), gzip or not, the header among them. What cannot be read is thrown: see `refusalOfReading`. */
export async function* csvRecords(path: string): AsyncGenerator<CsvRecord> {
  const parser = parse({ ...READING, info: true, max_record_size: RECORD_LENGTH_MAX });
  pipeline(await openText(path), parser, () => undefined);
  for await (const { info, record } of parser as AsyncIterable<Parsed>) yield { line: info.lines, values: record };
}

/** What csv-parse yields with `info`. */
interface Parsed {
  readonly info: { readonly lines: number };
  readonly record: readonly string[];
}

/**
 * The rows of a CSV file (RFC 4180), gzip or not. A file without one of the columns is an {@link UnreadableFile}
 * `column_missing`; further columns are let pass.
 */
export async function* csvRows<Column extends string>(
  path: string,
  columns: readonly Column[],
): AsyncGenerator<CsvRow<Column>> {
  const parser = parse(READING);
  // The parser's reader meets the error of whichever stage failed.
  pipeline(await openText(path), parser, () => undefined);
  let places: ReadonlyMap<Column, number> | undefined;
  let width = 0;
  let line = 0;
  for await (const values of parser as AsyncIterable<readonly string[]>) {
    line += 1;
    if (places === undefined) {
      places = columnPlaces(path, columns, values);
      width = values.length;
      continue;
    }
    const found = places;
    yield {
      line,
      values,
      isWhole: values.length === width,
      get: (column) => values[found.get(column) ?? -1] ?? "",
    };
  }
  if (places === undefined) throw new UnreadableFile("file_empty", "path", path, `columns ${columns.join(", ")}`);
}

function columnPlaces<Column extends string>(
  path: string,
  columns: readonly Column[],
  header: readonly string[],
): Map<Column, number> {
  const places = new Map(columns.map((column) => [column, header.indexOf(column)]));
  for (const [column, place] of places) {
    if (place < 0) throw new UnreadableFile("column_missing", path, header.join(","), `a column ${column}`);
  }
  return places;
}
