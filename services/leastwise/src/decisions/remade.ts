import { findKey, sayProblems, type Config } from "@leastwise/config";
import { wire } from "@leastwise/contracts";
import { decidedAgain, type DecidedAgain, type DecidingWith } from "@leastwise/scorer";
import { hashKeyFromBytes, ok, printable, type Refusal, type Result } from "@leastwise/vocabulary";
import { foundConfig, foundModels, onFoundLog, policyVersions, type FoundLogOptions } from "../host/found-log.js";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import type { Unreadable } from "../impact/logged-acts.js";
import { Progress } from "../play/progress.js";
import { findDecision, type FoundDecision } from "./find-decision.js";
import { recordedKeyVersion, withRecordedCode } from "./recorded-code.js";

/** A decision of the log, and what comes of deciding it once more. */
export interface Remade {
  readonly found: FoundDecision;
  /** Refused: why it cannot be decided again. */
  readonly again: Result<DecidedAgain, Refusal>;
  /** True if the code of its offer is the recorded one, since a key made it that is not here. */
  readonly isCodeUncompared: boolean;
}

/** Whether it comes out the same, byte for byte. */
export function isSame({ bytes }: FoundDecision, { record }: DecidedAgain): boolean {
  return Buffer.compare(bytes, wire.DecisionRecord.encode(record).finish()) === 0;
}

/**
 * Finds a decision on the log and decides it again, from its record, the policy and the model that it names and the key of codes. Changes nothing, and makes no key: a code
 * that cannot be made again here is taken from the record. What stands in the way is a StartFailure or a ServiceFailure, in words.
 */
export async function remade(decisionId: string, options: FoundLogOptions): Promise<Remade> {
  if (decisionId === "") throw new StartFailure("decision-id: expected the id of a decision, got an empty text");
  const config = await foundConfig(options);
  return onFoundLog(config, async (log) => {
    const progress = new Progress({
      ...{ stream: process.stderr, unit: "decisions", total: undefined },
      nowMs: () => performance.now(),
    });
    const found = await findDecision(log, decisionId, (read, total) => {
      progress.at(read, () => `of ${total.toLocaleString("en")} looked at`, read / total);
    });
    if (found === undefined)
      throw new ServiceFailure(
        `no decision ${printable(decisionId)} stands on the log: retention may have taken it away`,
      );
    const onUnreadable = ({ place, why }: Unreadable): void => {
      process.stderr.write(`${place} is passed over: ${printable(why)}\n`);
    };
    const policyOf = await policyVersions(log, onUnreadable);
    const { version: modelOf } = await foundModels(log, onUnreadable);
    const codeKey = await codeKeyOf(config, recordedKeyVersion(found.record));
    return { found, ...withoutTheKey(found, decidedAgain(found.record, { policyOf, modelOf, codeKey })) };
  });
}

function withoutTheKey({ record }: FoundDecision, again: Remade["again"]): Omit<Remade, "found"> {
  const coded = again.ok ? withRecordedCode(record, again.value.record) : undefined;
  if (!again.ok || coded === undefined) return { again, isCodeUncompared: false };
  return { again: ok({ ...again.value, record: coded }), isCodeUncompared: true };
}

/** Older codes stay good after a change of the version, and so their decisions are made again with it. */
async function codeKeyOf(config: Config, recordedVersion: number | undefined): Promise<DecidingWith["codeKey"]> {
  const key = await findKey(config, "codes");
  if (!key.ok) throw new StartFailure(sayProblems([key.error]));
  const version = recordedVersion ?? config.codes.key_version;
  return { secret: key.value === undefined ? NO_KEY : hashKeyFromBytes(key.value), version };
}

/** Where the log's key is not here. No code that it makes is told. */
const NO_KEY = { k0: 0n, k1: 0n };
