import { createSubjectHasher, OfferTokens, TOPICS, wire } from "@leastwise/contracts";
import { follow, followCatalog, followLinks, followPolicies, type Links } from "@leastwise/references";
import { callUnary, connect, startRpcServer, type RpcFailure } from "@leastwise/rpc";
import { on } from "@leastwise/testkit";
import {
  HOUR_MS,
  MINUTE_MS,
  type AssignmentKey,
  type Millis,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { givenLog, openLedger, type GivenLedger } from "./given/open-ledger.js";
import { codeOf, euros, granted, NOON, type Given } from "./given/records.js";
import { offerService } from "./offer-service.js";

// The offers' door as a checkout uses it: over gRPC, on a real log.

const hasher = createSubjectHasher(Buffer.from("the test shop's own secret"));
const ADA = hasher.of({ userId: "ada", anonymousId: undefined });
const BOB = hasher.known("bob");
const TOKENS = new OfferTokens(Buffer.alloc(32, 3), 1);

const POLICY = wire.Policy.fromPartial({
  version: "percentages-1",
  author: "merchant",
  reason: "autumn",
  currency: "EUR",
  segments: [{ name: "everyone", expression: "true" }],
  campaigns: [
    {
      campaignId: "autumn",
      kind: wire.CampaignKind.CAMPAIGN_KIND_INCENTIVE,
      approach: { $case: "rules", value: { segment: "everyone" } },
      ladder: [{ incentive: { kind: { $case: "percentOff", value: { percentBp: 1_000 } } } }],
      experimentId: "autumn-holdout",
      budgetId: "marketing",
      offerTtlMs: BigInt(HOUR_MS),
    },
  ],
  guardrails: { floorPriceBp: 5_000, maxDiscountBp: 3_000, marginFloorBp: 500, assumedMarginBp: 6_000 },
  experiments: [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 0 }],
  budgets: [{ budgetId: "marketing", amount: euros(10_000_000) }],
});

let given: GivenLedger;
let log: Awaited<ReturnType<typeof givenLog>>["log"];
let links: Links;
let client: wire.OfferServiceClient;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  const opened = await givenLog();
  ({ log } = opened);
  const value = wire.PolicyRecord.encode({ policy: POLICY, appliedAtMs: BigInt(NOON) }).finish();
  await log.append([{ topic: TOPICS.policy, partition: 0, key: POLICY.version, value, timestampMs: NOON }]);
  const policies = await followPolicies(log, { onInForce: () => undefined, onUnusable: () => undefined });
  const catalog = await followCatalog(log);
  links = await followLinks(log);
  given = await openLedger(log);
  const { ledger, time, telemetry } = given;
  const clock = { nowMs: () => time.nowMs };
  const service = offerService({
    ledger,
    hasher,
    links: links.book,
    policies,
    catalog,
    clock,
    telemetry,
    tokens: TOKENS,
  });
  const server = await startRpcServer({ host: "127.0.0.1", port: 0, services: [service], hooks: {} });
  if (!server.ok) throw new Error(server.error.expected);
  client = connect(wire.OfferServiceClient, `127.0.0.1:${server.value.port}`);
  closers.push(() => {
    client.close();
  });
  closers.push(() => server.value.drain(0));
  closers.push(() => ledger.close());
  closers.push(() => policies.stop());
  closers.push(() => catalog.stop());
  closers.push(() => links.stop());
  closers.push(() => opened.end());
});
afterAll(async () => {
  for (const close of closers) await close();
});

const CALL = { timeoutMs: 20_000 };
let issuedCount = 0;

/** An offer of its own for a test: ten per cent for Ada unless told otherwise; its code. */
async function issue(changes: Partial<Given> = {}): Promise<string> {
  issuedCount += 1;
  const record = { id: `d${issuedCount}`, subject: ADA, atMs: given.time.nowMs, ...changes };
  const written = await given.ledger.record(granted(record));
  if (!written.ok) throw written.error;
  return codeOf(record);
}

const use = (code: string, changes: wire.DeepPartial<wire.RedeemRequest> = {}): wire.RedeemRequest =>
  wire.RedeemRequest.fromPartial({
    code,
    subject: { userId: "ada" },
    lines: [{ productId: "shoe", quantity: 1n, unitPrice: euros(8_000) }],
    orderId: `order of ${code}`,
    idempotencyKey: "key-1",
    ...changes,
  });

const redeem = (request: wire.RedeemRequest) => callUnary(client.redeem.bind(client), request, CALL);
const get = (code: string) => callUnary(client.get.bind(client), { code }, CALL);
const validate = ({ code, subject, lines, shipping }: wire.RedeemRequest) =>
  callUnary(client.validate.bind(client), wire.ValidateRequest.fromPartial({ code, subject, lines, shipping }), CALL);

function refused(answer: Result<unknown, RpcFailure>): string {
  return answer.ok ? "ok" : `${answer.error.code} ${answer.error.reason}`;
}

describe("a code", () => {
  it("takes its part off the cart that is paid, however it is typed", async () => {
    const code = await issue();
    const answer = await redeem(use(code.toLowerCase().replaceAll("-", " ")));
    expect(answer).toMatchObject({
      ok: true,
      value: {
        replayed: false,
        discount: euros(800),
        shares: [{ line: 0, productId: "shoe", quantity: 1n, discount: euros(800) }],
        offer: { code, status: wire.OfferStatus.OFFER_STATUS_REDEEMED },
      },
    });
    expect(await get(code)).toMatchObject({ ok: true, value: { status: wire.OfferStatus.OFFER_STATUS_REDEEMED } });
  });

  it("is taken in its token, too, which stands for it, and not in one that was forged", async () => {
    const code = await issue();
    const offer = await get(code);
    if (!offer.ok) throw new Error(offer.error.reason);
    const token = TOKENS.mint(offer.value, ADA);
    const forged = new OfferTokens(Buffer.alloc(32, 4), 1).mint(offer.value, ADA);
    expect(await get(token)).toEqual(offer);
    expect(refused(await redeem(use(forged, { orderId: "order by token" })))).toBe("INVALID_ARGUMENT token_forged");
    expect(await validate(use(token))).toMatchObject({ ok: true, value: { valid: true } });
    expect(await redeem(use(token, { orderId: "order by token" }))).toMatchObject({
      ok: true,
      value: { replayed: false },
    });
    // The key may have been changed since: what counts is the code in it, which nobody guesses.
    const older = new OfferTokens(Buffer.alloc(32, 4), 2).mint(offer.value, ADA);
    expect(await get(older)).toMatchObject({ ok: true, value: { status: wire.OfferStatus.OFFER_STATUS_REDEEMED } });
  });

  it("is used once, however many checkouts try at the same time", async () => {
    const code = await issue();
    const asked = Array.from({ length: 50 }, (_, n) =>
      redeem(use(code, { orderId: `order-${n}`, idempotencyKey: `key-${n}` })),
    );
    const answers = (await Promise.all(asked)).map(refused);
    expect(answers.filter((answer) => answer === "ok")).toHaveLength(1);
    expect(answers.filter((answer) => answer === "FAILED_PRECONDITION offer_redeemed")).toHaveLength(49);
  });

  it("scopes its caller's keys: the same key with another code is another act", async () => {
    const [one, other] = [await issue(), await issue()];
    expect([refused(await redeem(use(one))), refused(await redeem(use(other)))]).toEqual(["ok", "ok"]);
  });

  it("gives the same answer to the same key, and refuses the key with another order", async () => {
    const code = await issue();
    const [first, second] = [await redeem(use(code)), await redeem(use(code))];
    if (!first.ok || !second.ok) throw new Error("refused");
    expect(second.value).toEqual({ ...first.value, replayed: true });
    expect(refused(await redeem(use(code, { orderId: "order-2" })))).toBe("ALREADY_EXISTS idempotency_mismatch");
  });

  it("that may be used already, its record being in doubt, is not used by another order", async () => {
    const code = await issue();
    log.refuse(on(TOPICS.offers));
    expect(refused(await redeem(use(code)))).toBe("UNAVAILABLE log_unavailable");
    log.recover();
    const other = use(code, { orderId: "order-2", idempotencyKey: "key-2" });
    expect(refused(await redeem(other))).toBe("UNAVAILABLE redemption_in_doubt");
    expect(await redeem(use(code))).toMatchObject({ ok: true, value: { replayed: false } });
    expect(refused(await redeem(other))).toBe("FAILED_PRECONDITION offer_redeemed");
  });

  it("whose redemption is in doubt is still redeemed by the same key after the offer's end: it may have been", async () => {
    const code = await issue();
    log.refuse(on(TOPICS.offers));
    given.time.nowMs = (given.time.nowMs + HOUR_MS - 1) as Millis;
    expect(refused(await redeem(use(code)))).toBe("UNAVAILABLE log_unavailable");
    log.recover();
    given.time.nowMs = (given.time.nowMs + MINUTE_MS) as Millis;
    expect(refused(await redeem(use(code, { idempotencyKey: "key-2" })))).toBe("FAILED_PRECONDITION offer_expired");
    expect(await redeem(use(code))).toMatchObject({ ok: true, value: { replayed: false, discount: euros(800) } });
    expect(await redeem(use(code))).toMatchObject({ ok: true, value: { replayed: true, discount: euros(800) } });
  });

  it("is neither good nor issued while its redemption is on its way or in doubt", async () => {
    const code = await issue();
    const seen = async () => {
      const answer = await validate(use(code));
      return [answer.ok ? answer.value.reason : refused(answer), refused(await get(code))];
    };
    const inDoubt = ["redemption_in_doubt", "UNAVAILABLE redemption_in_doubt"];
    const release = log.hold(on(TOPICS.offers));
    const redeeming = redeem(use(code));
    while (!given.ledger.mayBeRedeemed(`offer-d${issuedCount}`)) await validate(use(code));
    expect(await seen()).toEqual(inDoubt);
    log.refuse(on(TOPICS.offers));
    release();
    await redeeming;
    expect(await seen()).toEqual(["offer_redeemed", "ok"]);

    const doubted = await issue();
    expect(refused(await redeem(use(doubted)))).toBe("UNAVAILABLE log_unavailable");
    log.recover();
    expect(await validate(use(doubted))).toMatchObject({ ok: true, value: { valid: false, reason: inDoubt[0] } });
    expect(refused(await get(doubted))).toBe(inDoubt[1]);
    expect(await validate(use(doubted, { subject: { userId: "bob" } }))).toMatchObject({
      value: { reason: "foreign_subject" },
    });
  });

  it("is the shopper's who got it, also after a login; nobody else learns whose it is", async () => {
    const anonymous = await issue({ subject: hasher.anonymous("browser") });
    const both = use(anonymous, { subject: { userId: "ada", anonymousId: "browser" } });
    expect(refused(await redeem(use(anonymous, { subject: { userId: "bob" } })))).toBe(
      "FAILED_PRECONDITION foreign_subject",
    );
    expect(refused(await redeem(both))).toBe("ok");
    const answer = await redeem(use(await issue(), { subject: { userId: "bob" } }));
    expect(JSON.stringify(answer)).not.toContain(ADA);
  });

  describe("given within a login", () => {
    const laptop = { subject: { anonymousId: "laptop" } };
    const login = (known: SubjectId) => {
      const anonymous = hasher.anonymous("laptop");
      const { nowMs } = given.time;
      const assignmentKey = anonymous as string as AssignmentKey;
      links.book.add({ anonymous, known, assignmentKey, linkedAtMs: nowMs, sessionId: "visit-1", lastMs: nowMs });
    };
    const pass = (ms: number) => (given.time.nowMs = (given.time.nowMs + ms) as Millis);

    it("is good for the browser alone that it was shown to, however long the visit lasts", async () => {
      login(ADA);
      const code = await issue();
      pass(45 * MINUTE_MS);
      expect(await validate(use(code, laptop))).toMatchObject({ ok: true, value: { valid: true } });
      expect(refused(await redeem(use(code, laptop)))).toBe("ok");
      expect(await redeem(use(code, laptop))).toMatchObject({ ok: true, value: { replayed: true } });
    });

    it("is answered again when the login is over: the same act is told by what was said", async () => {
      const code = await issue();
      pass(1);
      login(ADA);
      expect(refused(await redeem(use(code, laptop)))).toBe("ok");
      pass(31 * MINUTE_MS);
      expect(await redeem(use(code, laptop))).toMatchObject({
        ok: true,
        value: { replayed: true, discount: euros(800) },
      });
      expect(refused(await redeem(use(code)))).toBe("ALREADY_EXISTS idempotency_mismatch");
    });

    it("is used by the same act again, being in doubt, when the login is over", async () => {
      const code = await issue();
      pass(1);
      login(ADA);
      pass(29 * MINUTE_MS);
      log.refuse(on(TOPICS.offers));
      expect(refused(await redeem(use(code, laptop)))).toBe("UNAVAILABLE log_unavailable");
      log.recover();
      pass(2 * MINUTE_MS);
      expect(refused(await redeem(use(code, laptop)))).toBe("ok");
    });

    it("is not, if it came before the login, and the login is over", async () => {
      const [one, other] = [await issue(), await issue()];
      pass(1);
      login(ADA);
      pass(30 * MINUTE_MS);
      expect(refused(await redeem(use(one, laptop)))).toBe("ok");
      pass(1);
      expect(refused(await redeem(use(other, laptop)))).toBe("FAILED_PRECONDITION foreign_subject");
    });

    it("is not, once somebody else has logged in there", async () => {
      login(ADA);
      const code = await issue();
      pass(1);
      login(BOB);
      expect(refused(await redeem(use(code, laptop)))).toBe("FAILED_PRECONDITION foreign_subject");
      expect(await validate(use(code, laptop))).toMatchObject({ ok: true, value: { reason: "foreign_subject" } });
    });
  });

  it("is over when its life is", async () => {
    const code = await issue();
    given.time.nowMs = (given.time.nowMs + HOUR_MS) as Millis;
    expect(refused(await redeem(use(code)))).toBe("FAILED_PRECONDITION offer_expired");
    expect(await get(code)).toMatchObject({ ok: true, value: { status: wire.OfferStatus.OFFER_STATUS_EXPIRED } });
  });

  it.each([
    ["nobody was given", codeOf({ id: "never", subject: ADA }), "NOT_FOUND unknown_code"],
    ["is mistyped", "0000-0000-0000-0001", "INVALID_ARGUMENT code_malformed"],
    ["is none", "", "INVALID_ARGUMENT code_malformed"],
  ])("that %s is refused", async (_, code, expected) => {
    expect(refused(await redeem(use(code)))).toBe(expected);
    expect(refused(await get(code))).toBe(expected);
  });

  it.each([
    ["without an order", { orderId: "" }, "id_missing"],
    ["without a key", { idempotencyKey: "" }, "id_missing"],
    ["with a key of 256 bytes", { idempotencyKey: "k".repeat(256) }, "id_too_long"],
    ["with an empty cart", { lines: [] }, "empty_cart"],
    ["without a shopper", { subject: {} }, "id_missing"],
  ])("is not used %s", async (_, changes, reason) => {
    expect(refused(await redeem(use(await issue(), changes)))).toBe(`INVALID_ARGUMENT ${reason}`);
  });
});

describe("an order", () => {
  const BELLA = hasher.known("bella");
  const BY_BELLA = { subject: { userId: "bella" } };
  const HAS_CODE = "FAILED_PRECONDITION order_has_code";

  it("takes one code, of whomever, and is not told to whom a code is foreign", async () => {
    const [one, second, bellas] = [await issue(), await issue(), await issue({ subject: BELLA })];
    const onOrder = (code: string, changes = {}) =>
      use(code, { orderId: "one code", idempotencyKey: code, ...changes });
    expect(refused(await redeem(onOrder(one)))).toBe("ok");
    const answer = await redeem(onOrder(second));
    expect(refused(answer)).toBe(HAS_CODE);
    expect(answer).toMatchObject({
      error: { field: "order_id", expected: "an order on which no other code was used" },
    });
    expect(refused(await redeem(onOrder(bellas, BY_BELLA)))).toBe(HAS_CODE);
    expect(refused(await redeem(onOrder(bellas)))).toBe("FAILED_PRECONDITION foreign_subject");
    expect(await redeem(onOrder(one))).toMatchObject({ ok: true, value: { replayed: true } });
    // Each is still good for an order of its own.
    expect(refused(await redeem(use(second)))).toBe("ok");
    expect(refused(await redeem(use(bellas, BY_BELLA)))).toBe("ok");
  });

  it("takes one code, however many shoppers and codes ask at the same time", async () => {
    const hers = await Promise.all(Array.from({ length: 10 }, () => issue()));
    const bellas = await Promise.all(Array.from({ length: 10 }, () => issue({ subject: BELLA })));
    const onOrder = { orderId: "asked at once" };
    const answers = await Promise.all([
      ...hers.map((code) => redeem(use(code, { ...onOrder, idempotencyKey: code }))),
      ...bellas.map((code) => redeem(use(code, { ...onOrder, ...BY_BELLA, idempotencyKey: code }))),
    ]);
    expect(answers.map(refused).sort()).toEqual([...new Array<string>(19).fill(HAS_CODE), "ok"]);
  });

  it("has its code while that one's redemption is in doubt, and takes another when it is not", async () => {
    const [one, bellas] = [await issue(), await issue({ subject: BELLA })];
    const other = use(bellas, { ...BY_BELLA, orderId: `order of ${one}` });
    log.refuse(on(TOPICS.offers));
    expect(refused(await redeem(use(one)))).toBe("UNAVAILABLE log_unavailable");
    log.recover();
    expect(refused(await redeem(other))).toBe(HAS_CODE);
    given.time.nowMs = (given.time.nowMs + 5 * MINUTE_MS) as Millis;
    expect(refused(await redeem(other))).toBe("ok");
    expect(refused(await redeem(use(one)))).toBe(HAS_CODE);
  });
});

describe("Validate", () => {
  it("says what a code would take off, and uses nothing", async () => {
    const code = await issue();
    const expected = { ok: true, value: { valid: true, reason: "", discount: euros(800) } };
    expect(await validate(use(code))).toMatchObject(expected);
    expect(await validate(use(code))).toMatchObject(expected);
    expect(refused(await redeem(use(code)))).toBe("ok");
  });

  it("tells the shopper one thing of every code that is not good, and the caller why", async () => {
    const used = await issue();
    await redeem(use(used));
    const answers = [
      await validate(use(used)),
      await validate(use(await issue(), { subject: { userId: "bob" } })),
      await validate(use(codeOf({ id: "never", subject: ADA }))),
    ].map((answer) => (answer.ok ? answer.value : answer.error));
    expect(answers.map(({ reason }) => reason)).toEqual(["offer_redeemed", "foreign_subject", "unknown_code"]);
    expect(new Set(answers.map(({ message }) => message)).size).toBe(1);
  });
});

describe("what is not there yet", () => {
  it("says so", async () => {
    const answers = await Promise.all([
      callUnary(client.reserve.bind(client), wire.ReserveRequest.fromPartial({}), CALL),
      callUnary(client.release.bind(client), wire.ReleaseRequest.fromPartial({}), CALL),
      callUnary(client.refund.bind(client), wire.RefundRequest.fromPartial({}), CALL),
    ]);
    expect(answers.map((answer) => (answer.ok ? "ok" : answer.error.code))).toEqual(new Array(3).fill("UNIMPLEMENTED"));
  });
});

describe("the record of a redemption", () => {
  it("says what was paid for the goods, and what the shop keeps of it, by the assumed margin where no cost is known", async () => {
    await redeem(use(await issue()));
    const records = await standing();
    // 8 000 less 800, and of a margin of six tenths what the 800 leave.
    expect(records.at(-1)?.kind).toMatchObject({ value: { paid: euros(7_200), margin: euros(4_000) } });
  });
});

/** What stands on the topic of offers. */
async function standing(): Promise<wire.OfferEvent[]> {
  const events: wire.OfferEvent[] = [];
  const following = await follow(log, TOPICS.offers, ({ value }) => events.push(wire.OfferEvent.decode(value)));
  await following.stop();
  return events;
}
