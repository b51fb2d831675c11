import { unwrittenDecision, wire } from "@leastwise/contracts";
import { degradedDecision, type Decision, type RecordableInput } from "@leastwise/decision";
import type { AssignmentKey, SubjectId } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { catalogueDigest } from "./decision-input.js";
import { CODE_KEY } from "./given/shop.js";
import { EUR, NOON } from "./given/records.js";
import { explained, RecentDecisions } from "./recent-decisions.js";

const ADA = "a0".repeat(16);

function inputOf(requestId: string): RecordableInput {
  return {
    cause: { caller: "checkout", requestId, sessionId: "visit" },
    subject: ADA as SubjectId,
    assignmentKey: ADA as AssignmentKey,
    nowMs: NOON,
    clock: "wall",
    cart: { currency: EUR, lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: 8_000 }], shippingMinor: 0 },
    channel: "web",
    device: "",
    place: { country: "DE", region: "" },
    partnerSegments: [],
    proposedClass: "",
    features: { catalogue: catalogueDigest(0)!, values: [], texts: {}, asOfOffset: -1, partition: 0 },
    consent: [],
    catalog: [],
    decisionState: { enrolments: [], open: [], history: [], orders: [], recent: [] },
    budgets: {},
    explorationSpentMinor: {},
    realisedMargins: {},
    offersLeft: {},
    decisionsPerRung: {},
    killSwitch: false,
    observeOnly: false,
    language: "en",
    codeKey: CODE_KEY,
    freshness: "fresh",
  };
}

function decisionOf(input: RecordableInput): Decision {
  const outcome = degradedDecision(input, "no_policy");
  if (outcome.kind === "repeated") throw new Error("nothing was decided before");
  return outcome.decision;
}

function keepOne(recent: RecentDecisions, requestId: string): string {
  const input = inputOf(requestId);
  const decision = decisionOf(input);
  recent.keep(unwrittenDecision(decision, input), input);
  return decision.decisionId;
}

describe("recent decisions", () => {
  it("explain a decision by its record and in words", () => {
    const recent = new RecentDecisions();
    const decisionId = keepOne(recent, "r-1");
    const explained = recent.explain(decisionId);
    expect(explained?.record).toMatchObject({
      decisionId,
      subject: ADA,
      requestId: "r-1",
      degradedReason: "no_policy",
      channel: wire.Channel.CHANNEL_WEB,
    });
    expect(explained?.sentences.join(" ")).toContain("no_policy");
  });

  it("explain from the bytes that are kept what the decision itself would have told", () => {
    const recent = new RecentDecisions();
    const input = inputOf("r-1");
    const decision = decisionOf(input);
    recent.keep(unwrittenDecision(decision, input), input);
    expect(recent.explain(decision.decisionId)).toEqual(explained(decision, input));
  });

  it("know nothing of a decision that was never kept", () => {
    expect(new RecentDecisions().explain("unheard of")).toBeUndefined();
  });

  it("forget the oldest first, and only when they are too many", () => {
    const recent = new RecentDecisions();
    const ids = Array.from({ length: 2_000 }, (_, index) => keepOne(recent, `r-${index}`));
    const isKept = (index: number) => recent.explain(ids[index]!) !== undefined;
    expect([isKept(0), isKept(1), isKept(1_999)]).toEqual([true, true, true]);
    keepOne(recent, "one more");
    expect([isKept(0), isKept(1), isKept(1_999)]).toEqual([false, true, true]);
  });

  it("keep a decision once, however often it is told", () => {
    const recent = new RecentDecisions();
    const first = keepOne(recent, "first");
    for (let told = 0; told < 2_000; told += 1) keepOne(recent, "again");
    expect(recent.explain(first)).toBeDefined();
  });
});
