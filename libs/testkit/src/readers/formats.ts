import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { COMPLETE_JOURNEY_COLUMNS, readCompleteJourney } from "./complete-journey.js";
import { readLeastwiseNdjson } from "./leastwise-ndjson.js";
import { readRees46, REES46_COLUMNS } from "./rees46.js";
import { readSegmentNdjson, type SegmentMapping } from "./segment-ndjson.js";
import type { Reader } from "./source-event.js";
import { readStorefront, STOREFRONT_COLUMNS } from "./storefront.js";
import { readTaobao, TAOBAO_COLUMNS } from "./taobao.js";

/** Name of a clickstream format, as `--format` takes it. */
export type FormatName =
  "storefront" | "rees46" | "rees46-cosmetics" | "taobao" | "complete-journey" | "leastwise" | "segment";

/** One format that can be replayed. */
export interface Format {
  readonly name: FormatName;
  /** One line of help. */
  readonly help: string;
  /** Columns of the main file; none for NDJSON. */
  readonly columns: readonly string[];
  /** Beginning of the main file's name where the path is a folder. Absent: the path is a file. */
  readonly mainFile?: string;
  /** Where Decide is asked: at every `cart`, or, in a file of purchases alone, at the `order` just before it is placed. */
  readonly asksAt: "cart" | "order";
}

/** All formats, in the order in which help lists them. */
export const FORMATS: readonly Format[] = [
  {
    name: "storefront",
    help: "a fashion shop's clickstream: the folder with events.csv.gz and its six detail files",
    columns: STOREFRONT_COLUMNS,
    mainFile: "events",
    asksAt: "cart",
  },
  {
    name: "rees46",
    help: "REES46 event log (CSV): views, carts, removals, purchases with prices and brands",
    columns: REES46_COLUMNS,
    asksAt: "cart",
  },
  {
    name: "rees46-cosmetics",
    help: "the same columns, from the cosmetics shop",
    columns: REES46_COLUMNS,
    asksAt: "cart",
  },
  {
    name: "taobao",
    help: "Taobao UserBehavior (CSV with a header): views, carts, favourites, purchases, no prices",
    columns: TAOBAO_COLUMNS,
    asksAt: "cart",
  },
  {
    name: "complete-journey",
    help: "The Complete Journey (CSV): a grocery's purchase lines, one basket an order",
    columns: COMPLETE_JOURNEY_COLUMNS,
    mainFile: "transactions",
    asksAt: "order",
  },
  { name: "leastwise", help: "one leastwise.v1.Event as JSON a line", columns: [], asksAt: "cart" },
  { name: "segment", help: "one message of the Segment spec as JSON a line", columns: [], asksAt: "cart" },
];

/** The format of that name; undefined for another text. */
export function formatOfName(name: string): Format | undefined {
  return FORMATS.find((format) => format.name === name);
}

/** The format's reader. */
export function readerOf(name: FormatName, toEvents: SegmentMapping): Reader {
  switch (name) {
    case "storefront":
      return readStorefront;
    case "rees46":
    case "rees46-cosmetics":
      return readRees46;
    case "taobao":
      return readTaobao;
    case "complete-journey":
      return readCompleteJourney;
    case "leastwise":
      return readLeastwiseNdjson;
    case "segment":
      return readSegmentNdjson(toEvents);
  }
}

/** The file of a folder that a format begins with; undefined if the folder has none. Throws what the file system throws. */
export async function mainFileIn(folder: string, format: Format): Promise<string | undefined> {
  const { mainFile } = format;
  if (mainFile === undefined) return undefined;
  const names = (await readdir(folder)).sort();
  const found = names.find((name) => name.startsWith(mainFile) && /\.csv(\.gz)?$/.test(name));
  return found === undefined ? undefined : join(folder, found);
}
