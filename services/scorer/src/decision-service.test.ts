import { wire } from "@leastwise/contracts";
import { callUnary, connect, startRpcServer, type RpcServer, type RpcService } from "@leastwise/rpc";
import { HOUR_MS, type Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { decisionService, restoringDecisionService } from "./decision-service.js";
import { applied, euros, NOON, percentages } from "./given/records.js";
import { checkout, counted, givenLog, hasher, openShop, TOKENS, type GivenLog, type Shop } from "./given/shop.js";

let given: GivenLog;
let shop: Shop;
let server: RpcServer;
let client: wire.DecisionServiceClient;

beforeEach(async () => {
  given = await givenLog();
  await given.log.append([applied(percentages())]);
  shop = await openShop(given.log);
});

afterEach(async () => {
  client.close();
  await server.drain(1_000);
  await shop.close();
  await given.end();
});

/** Opens the real door, and a client to it. */
async function serve(service: RpcService): Promise<void> {
  const started = await startRpcServer({ host: "127.0.0.1", port: 0, services: [service] });
  if (!started.ok) throw new Error(started.error.reason);
  server = started.value;
  server.setServing(true);
  client = connect(wire.DecisionServiceClient, `127.0.0.1:${server.port}`);
}

const empty = checkout({ cart: { lines: [] } });
const decide = (request: wire.DecideRequest) => callUnary(client.decide.bind(client), request);
const decideBatch = (requests: wire.DecideRequest[]) => callUnary(client.decideBatch.bind(client), { requests });
const explain = (decisionId: string) => callUnary(client.explain.bind(client), { decisionId, language: "" });

/** What a stream answers, in its order. */
async function stream(requests: readonly wire.DecideRequest[]): Promise<wire.DecideOutcome[]> {
  const call = client.decideStream();
  for (const request of requests) call.write(request);
  call.end();
  const outcomes: wire.DecideOutcome[] = [];
  for await (const outcome of call) outcomes.push(outcome as wire.DecideOutcome);
  return outcomes;
}

describe("the door of the decision", () => {
  beforeEach(() => serve(decisionService(shop.decider, shop.recent)));

  it("answers a call, and refuses one that cannot be understood, with the field", async () => {
    expect(await decide(checkout())).toMatchObject({ ok: true, value: { policyVersion: "percentages-1" } });
    expect(await decide(empty)).toMatchObject({
      ok: false,
      error: { code: "INVALID_ARGUMENT", reason: "empty_cart", field: "cart.lines" },
    });
  });

  it("answers each of a batch for itself, in their order", async () => {
    const answered = await decideBatch([checkout({ subject: { userId: "ada" } }), empty, checkout()]);
    expect(answered).toMatchObject({
      ok: true,
      value: {
        outcomes: [
          { outcome: { $case: "response" } },
          { outcome: { $case: "refusal", value: { index: 1, reason: "empty_cart", field: "cart.lines" } } },
          { outcome: { $case: "response" } },
        ],
      },
    });
  });

  it("takes a batch of one to a hundred", async () => {
    expect(await decideBatch([])).toMatchObject({ ok: false, error: { reason: "batch_empty" } });
    const many = (count: number) => Array.from({ length: count }, () => empty);
    expect(await decideBatch(many(101))).toMatchObject({ ok: false, error: { reason: "batch_too_large" } });
    expect(await decideBatch(many(100))).toMatchObject({ ok: true });
  });

  it("answers a stream in its order, a refusal in its place", async () => {
    const outcomes = await stream([checkout({ requestId: "r-1" }), empty, checkout({ requestId: "r-1" })]);
    expect(outcomes).toMatchObject([
      { outcome: { $case: "response" } },
      { outcome: { $case: "refusal", value: { reason: "empty_cart" } } },
      { outcome: { $case: "response" } },
    ]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });

  it("explains a decision that is still in memory, and says where to look for another", async () => {
    const answer = await decide(checkout());
    if (!answer.ok) throw new Error(answer.error.message);
    const { decisionId } = answer.value;
    expect(await explain(decisionId)).toMatchObject({ ok: true, value: { record: { decisionId, reason: "granted" } } });
    expect(await explain("unheard of")).toMatchObject({
      ok: false,
      error: { code: "NOT_FOUND", reason: "unknown_decision", field: "decision_id" },
    });
  });
});

describe("a stream of several shoppers", () => {
  it("has several in hand at once, one shopper's one after the other, and answers in its order", async () => {
    const begun: string[] = [];
    let beginBob = () => {};
    const bobHasBegun = new Promise<void>((resolve) => (beginBob = resolve));
    const decide: Shop["decider"]["decide"] = async (request, deadlineMs) => {
      begun.push(request.requestId);
      if (request.requestId === "ada-1") await bobHasBegun;
      if (request.requestId === "bob-1") beginBob();
      return shop.decider.decide(request, deadlineMs);
    };
    await serve(decisionService({ decide, whatIf: (asked) => shop.decider.whatIf(asked) }, shop.recent));
    const of = (userId: string, requestId: string) => checkout({ subject: { userId }, requestId });
    const requests = [of("ada", "ada-1"), of("ada", "ada-2"), of("bob", "bob-1")];
    const streamed = await stream(requests);
    expect(begun).toEqual(["ada-1", "bob-1", "ada-2"]);
    const alone = await Promise.all(requests.map((request) => shop.decider.decide(request, undefined)));
    const ids = alone.map((answer) => answer.ok && answer.value.decisionId);
    expect(streamed.map(({ outcome }) => outcome?.$case === "response" && outcome.value.decisionId)).toEqual(ids);
  });
});

describe("a message that waits behind another of its shopper", () => {
  it("has its time from when it came: what it has waited is gone", async () => {
    const waited: (number | undefined)[] = [];
    let answerFirst: () => void = () => undefined;
    const decide: Shop["decider"]["decide"] = async (request, deadlineMs, led, waitedMs) => {
      waited.push(waitedMs);
      if (request.requestId === "r-1") await new Promise<void>((resolve) => (answerFirst = resolve));
      // The other shopper's came after both.
      if (request.requestId === "r-3") answerFirst();
      return shop.decider.decide(request, deadlineMs, led);
    };
    await serve(decisionService({ decide, whatIf: (asked) => shop.decider.whatIf(asked) }, shop.recent));
    const bob = { userId: "bob" };
    await stream([
      checkout({ requestId: "r-1" }),
      checkout({ requestId: "r-2" }),
      checkout({ requestId: "r-3", subject: bob }),
    ]);
    const [first = Number.NaN, ofBob, second = Number.NaN] = waited;
    expect([first >= 0, ofBob !== undefined, second > first]).toEqual([true, true, true]);
    await decideBatch([checkout()]);
    expect(waited.at(-1)).toBe(0);
  });
});

describe("a defect in one answer", () => {
  it("of a batch or a stream is told in its place, with a reference to the log, and the others have theirs", async () => {
    const defects: { readonly reference: string; readonly method: string }[] = [];
    const decide: Shop["decider"]["decide"] = (request, deadlineMs) =>
      request.requestId === "broken"
        ? Promise.reject(new RangeError("a bug of ours"))
        : shop.decider.decide(request, deadlineMs);
    const onDefect = (_: unknown, reference: string, method: string) => defects.push({ reference, method });
    await serve(decisionService({ decide, whatIf: (asked) => shop.decider.whatIf(asked) }, shop.recent, { onDefect }));

    const requests = [
      checkout({ requestId: "r-1" }),
      checkout({ requestId: "broken" }),
      checkout({ requestId: "r-1" }),
    ];
    const batch = await decideBatch(requests);
    if (!batch.ok) throw new Error(batch.error.message);
    const streamed = await stream(requests);
    for (const [index, outcomes] of [batch.value.outcomes, streamed].entries()) {
      expect(outcomes.map(({ outcome }) => outcome?.$case)).toEqual(["response", "refusal", "response"]);
      expect(outcomes[1]).toMatchObject({ outcome: { value: { index: 1 - index, reason: "internal", field: "" } } });
    }
    const path = "/leastwise.v1.DecisionService";
    expect(defects.map(({ method }) => method)).toEqual([`${path}/DecideBatch`, `${path}/DecideStream`]);
    expect(JSON.stringify(batch.value.outcomes[1])).toContain(defects[0]!.reference);
  });
});

describe("the door while the log is read", () => {
  const links = { linkOf: () => undefined };
  let now: Millis;
  beforeEach(() => {
    now = NOON;
    const { telemetry } = shop;
    return serve(restoringDecisionService({ telemetry, tokens: TOKENS, hasher, links, clock: { nowMs: () => now } }));
  });

  const none = {
    decisionId: "",
    message: "",
    freshness: wire.Freshness.FRESHNESS_DEGRADED,
    degradedReason: "features_restoring",
    policyVersion: "",
    validUntilMs: BigInt(NOON),
  };

  it("answers none, alone, in a batch and in a stream, and counts it", async () => {
    const outcome = { outcome: { $case: "response", value: none } };
    expect(await decide(checkout())).toMatchObject({ ok: true, value: none });
    expect(await decideBatch([checkout()])).toMatchObject({ ok: true, value: { outcomes: [outcome] } });
    expect(await stream([checkout()])).toMatchObject([outcome]);
    expect(await counted(shop.telemetry, "leastwise_degraded_total", 'reason="features_restoring"')).toBe(3);
  });

  it("refuses what would be refused afterwards too", async () => {
    expect(await decide(empty)).toMatchObject({ ok: false, error: { reason: "empty_cart" } });
    expect(await decideBatch([])).toMatchObject({ ok: false, error: { reason: "batch_empty" } });
    expect(await decideBatch([checkout(), empty])).toMatchObject({
      ok: true,
      value: { outcomes: [{}, { outcome: { $case: "refusal", value: { index: 1, reason: "empty_cart" } } }] },
    });
    expect(await stream([empty])).toMatchObject([{ outcome: { $case: "refusal" } }]);
  });

  it("honours the offer of a token, for whom it was made and as long as it lives, and no other", async () => {
    const granted = await shop.decider.decide(checkout(), undefined);
    if (!granted.ok) throw new Error(granted.error.reason);
    const { token: offerToken = "", code } = granted.value.offer ?? {};
    expect(offerToken).not.toBe("");
    const told = async (request: wire.DecideRequest) => {
      const answer = await decide(request);
      return answer.ok ? answer.value : answer.error.reason;
    };
    const shown = await told(checkout({ offerToken }));
    expect(shown).toMatchObject({
      ...none,
      message: expect.stringContaining("10 % off"),
      offer: { code, faceValue: euros(1_000) },
    });
    // A smaller cart has what it makes of it, a larger one no more than was shown.
    const cartOf = (minor: number) => ({ lines: [{ productId: "shoe", quantity: 1n, unitPrice: euros(minor) }] });
    expect(await told(checkout({ offerToken, cart: cartOf(5_000) }))).toMatchObject({
      offer: { faceValue: euros(500) },
    });
    expect(await told(checkout({ offerToken, cart: cartOf(90_000) }))).toMatchObject({
      offer: { faceValue: euros(1_000) },
    });
    expect(await told(checkout({ offerToken, subject: { userId: "bob" } }))).toMatchObject({ offer: undefined });
    // What cannot be read is as none: a checkout is not to go without an answer for it.
    expect(await told(checkout({ offerToken: `${offerToken}x` }))).toMatchObject({ ...none, offer: undefined });
    expect(await told(checkout({ offerToken: "mine" }))).toMatchObject({ ...none, offer: undefined });
    const tokensCounted = (outcome: string) =>
      counted(shop.telemetry, "leastwise_offer_tokens_total", `outcome="${outcome}"`);
    expect([await tokensCounted("token_forged"), await tokensCounted("token_malformed")]).toEqual([1, 1]);
    expect(await tokensCounted("read")).toBe(4);
    now = (NOON + 7 * 24 * HOUR_MS) as Millis;
    expect(await told(checkout({ offerToken }))).toMatchObject({ offer: undefined });
  });

  it("explains nothing yet", async () => {
    expect(await explain("any")).toMatchObject({ ok: false, error: { code: "UNAVAILABLE", reason: "restoring" } });
  });
});
