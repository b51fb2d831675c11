import type { wire } from "@leastwise/contracts";
import { err, nearestName, ok, type CurrencyCode, type Refusal, type Result } from "@leastwise/vocabulary";
import { stat } from "node:fs/promises";
import { detectFormat, detectFormatOfFolder } from "./detect-format.js";
import { FORMATS, formatOfName, mainFileIn, readerOf, type Format } from "./formats.js";
import { ReadingAccount, type Account } from "./reading-account.js";
import type { SegmentMapping } from "./segment-ndjson.js";
import type { SourceEvent } from "./source-event.js";
import { refusalOfReading, UnreadableFile } from "./unreadable-file.js";

/** Most events that a file may hold: they are put in order in memory, at about half a kilobyte each. */
export const CLICKSTREAM_EVENTS_MAX = 2_000_000;

export interface ClickstreamSource {
  /** A file, gzip or not, or the folder of a format that has several. */
  readonly path: string;
  /** One of {@link FORMATS} by name. Absent: told by the file's first line. */
  readonly format?: string | undefined;
  /** Currency of a file that does not say. */
  readonly currency: CurrencyCode;
  /** What messages of the Segment spec become. */
  readonly segmentToEvents: SegmentMapping;
}

/** A clickstream that was read. */
export interface Clickstream {
  readonly format: Format;
  /** In the order of (time, source line); may be gone through more than once. */
  readonly events: AsyncIterable<wire.Event>;
  /** How many there are. */
  readonly total: number;
  readonly account: Account;
}

/**
 * Reads a clickstream and puts it in order: everything that can be wrong with the file is known before the first event is
 * played. Refusals: `format_unknown`, `file_not_found`, `file_not_readable`, `not_a_file`, `file_empty`,
 * `column_missing`, `csv_malformed`, `gzip_malformed`, `too_many_events`. Single rows that are wrong are refused in the
 * account.
 */
export async function openClickstream(source: ClickstreamSource): Promise<Result<Clickstream, Refusal>> {
  try {
    const { format, file } = await formatAndFile(source);
    const account = new ReadingAccount();
    const read = readerOf(format.name, source.segmentToEvents);
    const found = await inOrder(read({ path: file, currency: source.currency, account }), source.path);
    return ok({ format, events: replay(found), total: found.length, account });
  } catch (thrown) {
    const refused = refusalOfReading(source.path, thrown);
    if (refused === undefined) throw thrown;
    return err(refused);
  }
}

async function formatAndFile({ path, format: name }: ClickstreamSource): Promise<{ format: Format; file: string }> {
  const isFolder = (await stat(path)).isDirectory();
  const format = name === undefined ? await detect(path, isFolder) : named(name);
  if (!isFolder) return { format, file: path };
  const file = await mainFileIn(path, format);
  if (file === undefined) {
    const wanted = format.mainFile === undefined ? "a file" : `a folder with ${format.mainFile}….csv.gz`;
    throw new UnreadableFile("not_a_file", "path", path, wanted);
  }
  return { format, file };
}

function detect(path: string, isFolder: boolean): Promise<Format> {
  return isFolder ? detectFormatOfFolder(path) : detectFormat(path);
}

function named(name: string): Format {
  const format = formatOfName(name);
  if (format !== undefined) return format;
  const names = FORMATS.map((known) => known.name);
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  throw new UnreadableFile("format_unknown", "format", name, `one of ${names.join(", ")}${hint}`);
}

async function inOrder(events: AsyncIterable<SourceEvent>, path: string): Promise<readonly SourceEvent[]> {
  const found: SourceEvent[] = [];
  for await (const event of events) {
    if (found.length === CLICKSTREAM_EVENTS_MAX) {
      throw new UnreadableFile("too_many_events", "path", path, `at most ${CLICKSTREAM_EVENTS_MAX} events a file`);
    }
    found.push(event);
  }
  return found.sort((a, b) => Number(a.event.occurredAtMs - b.event.occurredAtMs) || a.line - b.line);
}

function replay(found: readonly SourceEvent[]): AsyncIterable<wire.Event> {
  return {
    async *[Symbol.asyncIterator]() {
      for (const { event } of found) yield await Promise.resolve(event);
    },
  };
}
