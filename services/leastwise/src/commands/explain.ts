import { recordedExplanation, wire, writeWholeJson } from "@leastwise/contracts";
import { callUnary, connect } from "@leastwise/rpc";
import { explained } from "@leastwise/scorer";
import { printable, sayRefusal } from "@leastwise/vocabulary";
import { isSame, remade } from "../decisions/remade.js";
import type { FoundLogOptions } from "../host/found-log.js";
import { unreachable } from "../host/ask-service.js";
import { ServiceFailure } from "../host/start-failure.js";

/** What `leastwise explain` takes. */
export interface ExplainOptions extends FoundLogOptions {
  readonly json: boolean;
  /** gRPC door of a running service, `host:port`. */
  readonly address: string;
  /** Look on the log instead. */
  readonly log: boolean;
}

/** How long a call may take, ms. */
const CALL_TIMEOUT_MS = 15_000;

/** Prints why a decision came out as it did: asked of a service that keeps it in memory, or made again from the log. */
export async function explainCommand(decisionId: string, options: ExplainOptions): Promise<void> {
  const explanation = options.log ? await fromLog(decisionId, options) : await fromService(decisionId, options.address);
  const text = options.json
    ? JSON.stringify(writeWholeJson("ExplainResponse", explanation))
    : explanation.sentences.map(printable).join("\n");
  process.stdout.write(`${text}\n`);
}

async function fromService(decisionId: string, address: string): Promise<wire.ExplainResponse> {
  const client = connect(wire.DecisionServiceClient, address);
  try {
    const request = { decisionId, language: "" };
    const answer = await callUnary(client.explain.bind(client), request, { timeoutMs: CALL_TIMEOUT_MS });
    if (answer.ok) return answer.value;
    const { code, message } = answer.error;
    if (code === "UNAVAILABLE") throw new ServiceFailure(unreachable(address, message));
    throw new ServiceFailure(`${address}: ${message}${code === "NOT_FOUND" ? ": --log looks for it on the log" : ""}`);
  } finally {
    client.close();
  }
}

/** What is on the log is what was told: it is accounted for by what this build makes of it only where that comes out the same. */
async function fromLog(decisionId: string, options: ExplainOptions): Promise<wire.ExplainResponse> {
  const { found, again } = await remade(decisionId, options);
  const isAccounted = again.ok && isSame(found, again.value);
  const explanation = isAccounted
    ? explained(again.value.decision, again.value.input)
    : recordedExplanation(found.record);
  const remarks = [
    ...(found.isVoid ? ["It is void: its owner had been followed by another, and nobody was told of it."] : []),
    ...(isAccounted
      ? []
      : [`What follows is the record's own: ${again.ok ? COMES_OUT_OTHERWISE : sayRefusal(again.error)}.`]),
  ];
  return { ...explanation, record: found.record, sentences: [...remarks, ...explanation.sentences] };
}

const COMES_OUT_OTHERWISE = "decided again by this build it comes out otherwise, as `leastwise replay-decision` shows";
