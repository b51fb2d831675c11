import { readJson } from "@leastwise/contracts";
import { jsonLines } from "./json-lines.js";
import type { ReaderInput, SourceEvent } from "./source-event.js";

/**
 * One `leastwise.v1.Event` in its proto JSON form a line. A line that is no such event is refused under `json_malformed`
 * or the reason of `readJson`; whether the event keeps its contract is the collector's to say.
 */
export async function* readLeastwiseNdjson({ path, account }: ReaderInput): AsyncGenerator<SourceEvent> {
  for await (const { line, json } of jsonLines(path)) {
    account.row("event");
    const event = json === undefined ? "json_malformed" : readJson("Event", json);
    if (typeof event === "string") {
      account.refuse(event);
    } else if (event.ok) {
      account.take(event.value);
      yield { line, event: event.value };
    } else {
      account.refuse(event.error.reason);
    }
  }
}
