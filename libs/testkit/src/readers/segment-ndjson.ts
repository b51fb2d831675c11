import type { wire } from "@leastwise/contracts";
import type { Refusal, Result } from "@leastwise/vocabulary";
import { jsonLines } from "./json-lines.js";
import type { Reader, SourceEvent } from "./source-event.js";

/**
 * Turns one message of the Segment spec into events, none where it means nothing to the road (`alias`, `group`). It comes
 * from whoever opens the file: the mapping belongs to the collector's door.
 *
 * @param message what `JSON.parse` gave
 */
export type SegmentMapping = (message: unknown) => Result<readonly wire.Event[], Refusal>;

/**
 * One message of the Segment spec a line. A line is refused under `json_malformed` or the mapping's reason; one that the
 * mapping makes nothing of under `no_event_of_ours`.
 */
export function readSegmentNdjson(toEvents: SegmentMapping): Reader {
  return async function* read({ path, account }): AsyncGenerator<SourceEvent> {
    for await (const { line, json } of jsonLines(path)) {
      account.row(typeOf(json));
      const events = json === undefined ? undefined : toEvents(json);
      if (events === undefined) account.refuse("json_malformed");
      else if (!events.ok) account.refuse(events.error.reason);
      else if (events.value.length === 0) account.refuse("no_event_of_ours");
      else {
        for (const event of events.value) {
          account.take(event);
          yield { line, event };
        }
      }
    }
  };
}

const TYPES: ReadonlySet<string> = new Set(["track", "identify", "page", "screen", "alias", "group"]);

function typeOf(json: unknown): string {
  const type = typeof json === "object" && json !== null && "type" in json ? json.type : undefined;
  return typeof type === "string" && TYPES.has(type) ? type : "other";
}
