import { wire } from "@leastwise/contracts";
import { mintCode } from "@leastwise/offers";
import {
  callUnary,
  connect,
  defineService,
  invalidArgument,
  refuse,
  type RpcFailure,
  type RpcServer,
} from "@leastwise/rpc";
import type { Telemetry } from "@leastwise/telemetry";
import { err, ok, refusal, type Bucket, type Result } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { counted, quietTelemetry } from "../given/shop.js";
import { GivenMap } from "./given/given-map.js";
import { listen, PARTITIONS } from "./given/routed-scorer.js";
import { routedOfferService } from "./routed-offer-service.js";
import { Router } from "./router.js";

// Two hosts of a ledger with real doors; a has the buckets below 128, b those above.

const CALL = { timeoutMs: 60_000 };
const UNAVAILABLE = "UNAVAILABLE owner_unavailable";
const closers: (() => unknown)[] = [];

interface OfferHost {
  readonly address: string;
  readonly map: GivenMap;
  readonly client: wire.OfferServiceClient;
  readonly server: RpcServer;
  readonly telemetry: Telemetry;
  /** The codes of redemptions that came to this ledger. */
  readonly redeemed: string[];
  /** What a redemption waits for. */
  before: () => Promise<void>;
}

async function host(name: string, marginMs = 5): Promise<OfferHost> {
  const map = new GivenMap(PARTITIONS);
  const telemetry = quietTelemetry();
  const router = new Router({ map, telemetry, wallNowMs: () => Date.now(), marginMs });
  const used = refuse(
    "FAILED_PRECONDITION",
    refusal("offer_redeemed", "code", "used – on Tuesday", "an offer not used"),
  );
  const redeemed: string[] = [];
  const offer = (code: string) => wire.Offer.fromPartial({ offerId: name, code });
  const one = ({ code }: { code: string }) => Promise.resolve(ok(offer(code)));
  const local = defineService(wire.OfferServiceService, {
    validate: ({ code }) =>
      Promise.resolve(ok(wire.ValidateResponse.fromPartial({ valid: true, reason: name + code }))),
    redeem: async ({ code, orderId }) => {
      if (code === "") return err(invalidArgument(refusal("code_malformed", "code", code, `a code, says ${name}`)));
      redeemed.push(code);
      await opened.before();
      return orderId === "used" ? err(used) : ok(wire.RedeemResponse.fromPartial({ offer: offer(code) }));
    },
    bestStack: () => Promise.resolve(ok(wire.BestStackResponse.fromPartial({ exact: true }))),
    ...{ get: one, reserve: one, release: one, refund: one },
  });
  const { server, address } = await listen(routedOfferService({ local, router, telemetry }));
  map.ownAddress = address;
  const client = connect(wire.OfferServiceClient, address);
  closers.push(() => {
    client.close();
    router.close();
    telemetry.close();
    return server.drain(0);
  });
  const opened = { address, map, client, server, telemetry, redeemed, before: () => Promise.resolve() };
  return opened;
}

let a: OfferHost;
let b: OfferHost;

beforeEach(async () => {
  [a, b] = await Promise.all([host("a"), host("b")]);
  for (const { map } of [a, b]) map.assign([a.address, a.address, b.address, b.address]);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const codeIn = (bucket: number): string =>
  mintCode({ offerId: "o", bucket: bucket as Bucket, keyVersion: 1, secretKey: { k0: 7n, k1: 11n } });
const [OF_A, OF_B] = [codeIn(127), codeIn(128)];

const redeem = (
  { client }: OfferHost,
  code: string,
  orderId = "order-1",
  options: Parameters<typeof callUnary>[2] = CALL,
) => callUnary(client.redeem.bind(client), wire.RedeemRequest.fromPartial({ code, orderId }), options);

function told(answer: Result<wire.RedeemResponse, RpcFailure>): string {
  return answer.ok ? (answer.value.offer?.offerId ?? "") : `${answer.error.code} ${answer.error.reason}`;
}

describe("a code", () => {
  it("goes to the ledger of its bucket, whoever is asked, however it is typed", async () => {
    for (const asked of [a, b]) {
      expect(told(await redeem(asked, OF_A))).toBe("a");
      expect(told(await redeem(asked, ` ${OF_B.toLowerCase().replaceAll("-", "")}`))).toBe("b");
    }
    expect(await counted(a.telemetry, "leastwise_forwarded_calls_total", 'method="Redeem"', "answered")).toBe(1);
  });

  it("goes there for every method", async () => {
    const { client } = a;
    const [code] = [OF_B];
    const answers = await Promise.all([
      callUnary(client.get.bind(client), { code }, CALL),
      callUnary(client.reserve.bind(client), wire.ReserveRequest.fromPartial({ code }), CALL),
      callUnary(client.release.bind(client), wire.ReleaseRequest.fromPartial({ code }), CALL),
      callUnary(client.refund.bind(client), wire.RefundRequest.fromPartial({ code }), CALL),
    ]);
    expect(answers.map((answer) => answer.ok && answer.value.offerId)).toEqual(["b", "b", "b", "b"]);
    const validated = await callUnary(client.validate.bind(client), wire.ValidateRequest.fromPartial({ code }), CALL);
    expect(validated).toMatchObject({ ok: true, value: { reason: `b${code}` } });
  });

  it("that is none is refused here, as ever", async () => {
    expect(await redeem(a, "")).toMatchObject({ error: { reason: "code_malformed", expected: "a code, says a" } });
    expect(told(await redeem(a, "WXYZ"))).toBe("a");
    expect(b.redeemed).toEqual([]);
  });

  it("is refused as its ledger refuses it, to the letter", async () => {
    const there = await redeem(b, OF_B, "used");
    expect(told(there)).toBe("FAILED_PRECONDITION offer_redeemed");
    expect(await redeem(a, OF_B, "used")).toEqual(there);
    expect(await counted(a.telemetry, "leastwise_forwarded_calls_total", "refused")).toBe(1);
  });
});

describe("a code whose ledger does not answer", () => {
  it("is told to come again, and is redeemed when it does", async () => {
    a.map.assign([a.address, a.address, undefined, undefined]);
    const answer = await redeem(a, OF_B);
    expect(told(answer)).toBe(UNAVAILABLE);
    expect(answer).toMatchObject({ error: { field: "code", expected: expect.stringContaining("again") as unknown } });
    expect(await counted(a.telemetry, "leastwise_offer_refusals_total", "owner_unavailable", "Redeem")).toBe(1);
    a.map.assign([a.address, a.address, b.address, b.address]);
    expect(told(await redeem(a, OF_B))).toBe("b");
  });

  it("is not redeemed here, nor sent on a second time", async () => {
    a.map.assign([b.address, b.address, b.address, b.address]);
    expect(told(await redeem(a, OF_A))).toBe(UNAVAILABLE);
    expect([a.redeemed, b.redeemed]).toEqual([[], []]);
    await b.server.drain(0);
    expect(told(await redeem(a, OF_B))).toBe(UNAVAILABLE);
    expect(a.redeemed).toEqual([]);
  });

  it("is asked for once where the ledger was lost in the middle of it: what became of it is not known", async () => {
    let entered = () => {};
    const inHand = new Promise<void>((resolve) => (entered = resolve));
    b.before = () => {
      entered();
      return new Promise(() => {});
    };
    const answer = redeem(a, OF_B);
    await inHand;
    await b.server.drain(0);
    expect(told(await answer)).toBe(UNAVAILABLE);
    expect(b.redeemed).toEqual([OF_B]);
  });

  it("is told so before the caller's deadline where the ledger is late", async () => {
    b.before = () => new Promise(() => {});
    // A margin that outlasts whatever else the machine is busy with.
    const early = await host("early", 2_000);
    early.map.assign([a.address, a.address, b.address, b.address]);
    expect(told(await redeem(early, OF_B, "order-1", { timeoutMs: 2_500 }))).toBe(UNAVAILABLE);
    expect(b.redeemed).toEqual([OF_B]);
  });
});
