import { readFirstLine } from "./file-text.js";
import { FORMATS, mainFileIn, type Format } from "./formats.js";
import { UnreadableFile } from "./unreadable-file.js";

const SEGMENT_TYPES: ReadonlySet<unknown> = new Set(["track", "identify", "page", "screen", "alias", "group"]);

/** The format of the file by its first line. Of two formats with the same columns, the first. None: `format_unknown`. */
export async function detectFormat(path: string): Promise<Format> {
  const firstLine = await readFirstLine(path);
  if (firstLine === "") throw new UnreadableFile("file_empty", "path", path, "a file that holds something");
  const found = firstLine.trimStart().startsWith("{") ? formatOfJson(firstLine) : formatOfHeader(firstLine);
  if (found === undefined) throw unknownFormat(path, firstLine);
  return found;
}

/** The format of the folder by the name and first line of its main file. None: `format_unknown`. */
export async function detectFormatOfFolder(folder: string): Promise<Format> {
  for (const format of FORMATS) {
    const file = await mainFileIn(folder, format);
    if (file !== undefined && formatOfHeader(await readFirstLine(file)) === format) return format;
  }
  throw unknownFormat(folder, "a folder");
}

function unknownFormat(path: string, firstLine: string): UnreadableFile {
  const names = FORMATS.map((format) => format.name).join(", ");
  return new UnreadableFile("format_unknown", path, firstLine, `a file of a known format (${names})`);
}

function formatOfHeader(header: string): Format | undefined {
  const columns = new Set(header.split(",").map((name) => name.trim().replace(/^"|"$/g, "")));
  return FORMATS.find((format) => format.columns.length > 0 && format.columns.every((name) => columns.has(name)));
}

function formatOfJson(line: string): Format | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const isSegment = "type" in json && SEGMENT_TYPES.has(json.type);
  const isOurs = "kind" in json && ("occurred_at_ms" in json || "occurredAtMs" in json);
  const name = isSegment ? "segment" : isOurs ? "leastwise" : undefined;
  return FORMATS.find((format) => format.name === name);
}
