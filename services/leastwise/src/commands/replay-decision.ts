import { writeWholeJson, type wire } from "@leastwise/contracts";
import { printable, sayRefusal } from "@leastwise/vocabulary";
import { differences, type Difference } from "../decisions/differences.js";
import { isSame, remade } from "../decisions/remade.js";
import type { FoundLogOptions } from "../host/found-log.js";
import { ServiceFailure } from "../host/start-failure.js";
import { say } from "./saying.js";

/** What `leastwise replay-decision` takes. */
export interface ReplayDecisionOptions extends FoundLogOptions {
  readonly json: boolean;
}

/** Differences that are named one by one; the rest are counted. */
const NAMED_MAX = 20;

/** Decides a decision of the log again, from its record alone, and compares the two records, byte for byte. Ends with 1 where they differ. */
export async function replayDecisionCommand(decisionId: string, options: ReplayDecisionOptions): Promise<void> {
  const { found, again, isCodeUncompared } = await remade(decisionId, options);
  const { place, bytes, record, isVoid } = found;
  if (!again.ok) throw new ServiceFailure(`${place}: ${sayRefusal(again.error)}`);
  const same = isSame(found, again.value);
  const differing = same ? [] : differences(asJson(record), asJson(again.value.record));
  const { reason, policyVersion, modelVersion } = record;
  if (options.json) {
    const compared = {
      ...{ is_same: same, is_code_compared: !isCodeUncompared, bytes: bytes.length, differences: differing },
    };
    say(JSON.stringify({ decision_id: decisionId, place, is_void: isVoid, ...compared }));
  } else {
    const void_ = isVoid ? "; it is void: its owner had been followed by another, and nobody was told of it" : "";
    say(`${place}: ${reason} under ${orNone(policyVersion)} with ${orNone(modelVersion)}${void_}`);
    if (isCodeUncompared) say(CODE_UNCOMPARED);
    if (same)
      say(
        `decided again, it comes out the same: all ${bytes.length} bytes of its record${isCodeUncompared ? " but those of the code" : ""}`,
      );
    else say(sayDifferences(differing));
  }
  if (!same) throw new ServiceFailure("decided again, it comes out otherwise than it is recorded");
}

const CODE_UNCOMPARED =
  "the code of its offer is not compared: it was made with another key or version than the one that is here (codes.key); all else is";

function asJson(record: wire.DecisionRecord): unknown {
  const json = writeWholeJson("DecisionRecord", record);
  // The state is JSON within the record: what differs in it is named, too.
  return { ...(json as object), decision_state: JSON.parse(Buffer.from(record.decisionState).toString()) as unknown };
}

function sayDifferences(differing: readonly Difference[]): string {
  if (differing.length === 0) return "the bytes differ, and what they say does not: another build wrote them";
  const lines = differing
    .slice(0, NAMED_MAX)
    .map(({ field, recorded, made }) => `  ${field}: recorded ${shown(recorded)}, now ${shown(made)}`);
  const more = differing.length > NAMED_MAX ? [`  and ${differing.length - NAMED_MAX} more`] : [];
  return ["what differs:", ...lines, ...more].join("\n");
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : printable(JSON.stringify(value));
}

function orNone(version: string): string {
  return version === "" ? "none" : version;
}
