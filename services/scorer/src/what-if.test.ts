import { TOPICS, wire } from "@leastwise/contracts";
import { DAY_MS, HOUR_MS, type Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { applied, nearlyAllHeldOut, NOON, percentages } from "./given/records.js";
import { checkout, givenLog, openShop, standing, type GivenLog, type Shop } from "./given/shop.js";

let given: GivenLog;
let shop: Shop;

beforeEach(async () => {
  given = await givenLog();
  await given.log.append([applied(nearlyAllHeldOut()), applied(percentages())]);
  shop = await openShop(given.log);
});

afterEach(async () => {
  await shop.close();
  await given.end();
});

function supposed(changes: wire.DeepPartial<wire.WhatIfRequest> = {}): wire.WhatIfRequest {
  return wire.WhatIfRequest.fromPartial({ request: checkout(), ...changes });
}

async function answered(changes: wire.DeepPartial<wire.WhatIfRequest> = {}): Promise<wire.WhatIfResponse> {
  const answer = await shop.decider.whatIf(supposed(changes));
  if (!answer.ok) throw new Error(answer.error.refusal.reason);
  return answer.value;
}

/** What is counted, but for what the process itself is made of. */
async function ownMetrics(): Promise<string[]> {
  return (await shop.telemetry.render()).split("\n").filter((line) => line.startsWith("leastwise_"));
}

async function decided(changes: wire.DeepPartial<wire.DecideRequest> = {}): Promise<wire.DecideResponse> {
  const answer = await shop.decider.decide(checkout(changes), undefined);
  if (!answer.ok) throw new Error(answer.error.reason);
  return answer.value;
}

describe("what if", () => {
  it("decides as Decide would, and nothing comes of it: no code, no record, no answer that stands, nothing counted", async () => {
    const before = await ownMetrics();
    const first = await answered();
    expect(await answered()).toEqual(first);
    expect(await standing(given.log, TOPICS.decisions)).toEqual([]);
    expect(await ownMetrics()).toEqual(before);
    expect(first).toMatchObject({ isApproximate: false, answer: { offer: { campaignId: "autumn", code: "" } } });
    expect(first.explanation?.record?.offer?.code).toBe("");
    expect(first.explanation?.record?.decisionState).toHaveLength(0);
    expect(first.explanation?.sentences.at(-1)).toMatch(/would be given/);
    const really = await decided();
    expect(really).toMatchObject({ decisionId: first.answer!.decisionId });
    expect({ ...really, offer: { ...really.offer!, code: "", token: "" } }).toEqual(first.answer);
  });

  it("gives an answer that stands again, without an account of it, and without its code", async () => {
    const { decisionId } = await decided();
    expect(await answered()).toMatchObject({ answer: { decisionId, offer: { code: "" } }, explanation: undefined });
  });

  it("is asked under any version that was in force, and under no other", async () => {
    const heldOut = await answered({ policyVersion: "held-out-1" });
    expect(heldOut.answer).toMatchObject({ policyVersion: "held-out-1", offer: undefined });
    expect(heldOut.explanation?.record).toMatchObject({ ghost: true, reason: "holdout" });
    expect(await shop.decider.whatIf(supposed({ policyVersion: "unheard-of" }))).toMatchObject({
      error: { code: "INVALID_ARGUMENT", refusal: { reason: "unknown_version", field: "policy_version" } },
    });
  });

  it("is not answered of a shopper whose windows are not here", async () => {
    jest.spyOn(shop.feed, "holds").mockReturnValue(false);
    expect(await shop.decider.whatIf(supposed())).toMatchObject({
      error: { code: "UNAVAILABLE", refusal: { reason: "restoring" } },
    });
  });

  it("is asked of a past instant, of which it knows nothing that came later", async () => {
    await decided();
    shop.time.nowMs = (NOON + HOUR_MS) as Millis;
    const before = await answered({ atMs: BigInt(NOON - 1) });
    expect(before.isApproximate).toBe(true);
    expect(before.explanation?.record).toMatchObject({ reason: "granted", decidedAtMs: BigInt(NOON - 1) });
    const after = await answered({
      request: checkout({ cart: { ...checkout().cart, shipping: undefined } }),
      atMs: BigInt(NOON + 1),
    });
    expect(after.explanation?.record).toMatchObject({ reason: "offer_outstanding" });
  });

  it("is asked of now by 0, too: nobody asks of 1970", async () => {
    const now = await answered({ atMs: 0n });
    expect(now).toMatchObject({ isApproximate: false, explanation: { record: { decidedAtMs: BigInt(NOON) } } });
  });

  it("is asked of an instant to come, when what is good now has run out", async () => {
    await decided();
    const later = await answered({ atMs: BigInt(NOON + 3 * DAY_MS) });
    expect(later.isApproximate).toBe(true);
    expect(later.explanation?.record?.reason).toBe("granted");
    expect(later.answer?.offer?.issuedAtMs).toBe(BigInt(NOON + 3 * DAY_MS));
  });

  it.each<[string, string, Partial<wire.WhatIfRequest>]>([
    ["request_missing", "request", { request: undefined }],
    ["empty_cart", "request.cart.lines", { request: checkout({ cart: { lines: [] } }) }],
    ["at_out_of_range", "at_ms", { atMs: -1n }],
    ["at_out_of_range", "at_ms", { atMs: BigInt(NOON + 367 * DAY_MS) }],
  ])("is refused what cannot be understood: %s %s", async (reason, field, changes) => {
    expect(await shop.decider.whatIf({ ...supposed(), ...changes })).toMatchObject({
      error: { code: "INVALID_ARGUMENT", refusal: { reason, field } },
    });
  });
});
