import { Metadata } from "@grpc/grpc-js";
import { wire } from "@leastwise/contracts";
import { callUnary, connect, defineService, hasHopped, type CallContext, type RpcFailure } from "@leastwise/rpc";
import { ok, type Result } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { checkout, counted } from "../given/shop.js";
import {
  checkoutIn,
  deadAddress,
  listen,
  PARTITIONS,
  startScorer,
  type RoutedScorer,
  type RoutedScorerOptions,
} from "./given/routed-scorer.js";

// Scorers with real doors, all in this process; partition p has the buckets from 64 p on.

const IN_PARTITION = [5, 64 + 5, 128 + 5, 192 + 5] as const;
const CALL = { timeoutMs: 60_000 };
const closers: (() => unknown)[] = [];
let a: RoutedScorer;
let b: RoutedScorer;
let c: RoutedScorer;

async function scorer(name: string, options?: RoutedScorerOptions): Promise<RoutedScorer> {
  const started = await startScorer(name, options);
  closers.push(() => started.kill());
  return started;
}

/** All say the same: a has partition 0, b has 1, c has 2 and 3. */
function agree(...scorers: readonly RoutedScorer[]): void {
  for (const { map } of scorers) map.assign([a.address, b.address, c.address, c.address]);
}

beforeEach(async () => {
  [a, b, c] = await Promise.all([scorer("a"), scorer("b"), scorer("c")]);
  agree(a, b, c);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const decide = (
  { client }: RoutedScorer,
  request: wire.DecideRequest,
  options: Parameters<typeof callUnary>[2] = CALL,
) => callUnary(client.decide.bind(client), request, options);
const decideBatch = (
  { client }: RoutedScorer,
  requests: wire.DecideRequest[],
  options: Parameters<typeof callUnary>[2] = CALL,
) => callUnary(client.decideBatch.bind(client), { requests }, options);
const explain = ({ client }: RoutedScorer, decisionId: string) =>
  callUnary(client.explain.bind(client), { decisionId, language: "" }, CALL);

const whatIf = ({ client }: RoutedScorer, request: wire.DecideRequest) =>
  callUnary(client.whatIf.bind(client), { request, atMs: undefined, policyVersion: "" }, CALL);

/** Who answered, and whether that was the degraded answer. */
function told(answer: Result<wire.DecideResponse, RpcFailure>): string {
  return answer.ok ? sayAnswer(answer.value) : `${answer.error.code} ${answer.error.reason}`;
}

function sayAnswer({ decisionId, degradedReason }: wire.DecideResponse): string {
  return `${decisionId} ${degradedReason}`.trim();
}

function sayOutcome({ outcome }: wire.DecideOutcome): string {
  if (outcome?.$case === "refusal") return `${outcome.value.index} ${outcome.value.reason} ${outcome.value.field}`;
  return outcome === undefined ? "nothing" : sayAnswer(outcome.value);
}

function outcomes(answer: Result<wire.DecideBatchResponse, RpcFailure>): string[] {
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value.outcomes.map(sayOutcome);
}

/** An owner of partition 1 that does what a test says, and what it was asked. */
async function ownerThat(
  does: (request: wire.DecideRequest, context: CallContext) => Promise<wire.DecideResponse>,
): Promise<{ contexts: CallContext[] }> {
  const contexts: CallContext[] = [];
  const nothing = () => Promise.reject(new Error("not asked for"));
  const { server, address } = await listen(
    defineService(wire.DecisionServiceService, {
      decide: async (request, context) => {
        contexts.push(context);
        return ok(await does(request, context));
      },
      ...{ decideBatch: nothing, decideStream: nothing, explain: nothing, whatIf: nothing },
    }),
  );
  closers.push(() => server.drain(0));
  a.map.assign([a.address, address, c.address, c.address]);
  return { contexts };
}

const never = () => new Promise<never>(() => {});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A promise that a test keeps. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe("a decision for an own subject", () => {
  it("is made here, and tells the shopper's bucket", async () => {
    const answer = await decide(a, checkoutIn(IN_PARTITION[0]));
    expect(told(answer)).toBe("a:r-5");
    expect(answer).toMatchObject({ value: { bucket: 5 } });
    expect(await counted(a.telemetry, "leastwise_forwarded_calls_total")).toBe(0);
  });

  it("asks nobody whose it is where this scorer answers for all", async () => {
    a.map.assign(new Array<string>(PARTITIONS).fill(a.address));
    const answer = await decide(a, checkoutIn(IN_PARTITION[2]));
    expect(told(answer)).toBe("a:r-133");
    expect(answer).toMatchObject({ value: { bucket: undefined } });
    expect(
      outcomes(
        await decideBatch(
          a,
          IN_PARTITION.map((bucket) => checkoutIn(bucket)),
        ),
      ),
    ).toHaveLength(4);
    expect(a.decider.lookUps).toBe(0);
  });
});

describe("a decision for another's subject", () => {
  it("is made by the owner, whoever is asked", async () => {
    for (const asked of [a, b, c]) {
      const answers = await Promise.all(IN_PARTITION.map((bucket) => decide(asked, checkoutIn(bucket))));
      expect(answers.map(told)).toEqual(["a:r-5", "b:r-69", "c:r-133", "c:r-197"]);
      expect(answers.map((answer) => answer.ok && answer.value.bucket)).toEqual(IN_PARTITION);
    }
    expect(await counted(a.telemetry, "leastwise_forwarded_calls_total", 'method="Decide"', "answered")).toBe(3);
    expect(await counted(a.telemetry, "leastwise_hop_duration_seconds_count", 'method="Decide"')).toBe(3);
  });

  it("has the time that the caller left, less what the way back takes", async () => {
    const calledMs = Date.now();
    await decide(a, checkoutIn(IN_PARTITION[1]), { timeoutMs: 20_000 });
    const [{ deadlineMs } = { deadlineMs: undefined }] = b.decider.decided;
    expect(deadlineMs! - calledMs).toBeGreaterThan(10_000);
    expect(deadlineMs! - Date.now()).toBeLessThanOrEqual(20_000 - 5);
  });

  it("has the own budget where the caller left it open", async () => {
    await decide(a, checkoutIn(IN_PARTITION[1]), {});
    expect(b.decider.decided[0]!.deadlineMs! - Date.now()).toBeLessThanOrEqual(30_000 - 5);
  });

  it("goes with the caller's trace, once marked as passed on, and with nothing else of the caller's", async () => {
    const { contexts } = await ownerThat(() => Promise.resolve(wire.DecideResponse.fromPartial({})));
    const metadata = new Metadata();
    const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    metadata.set("traceparent", trace);
    metadata.set("authorization", "the caller's own");
    await decide(a, checkoutIn(IN_PARTITION[1]), { ...CALL, metadata });
    expect(contexts[0]!.metadata.get("traceparent")).toEqual([trace]);
    expect(contexts[0]!.metadata.get("leastwise-hops")).toEqual(["1"]);
    expect(contexts[0]!.metadata.get("authorization")).toEqual([]);
  });

  it("takes one hop, and is degraded where two maps disagree", async () => {
    a.map.assign([b.address, b.address, c.address, c.address]);
    b.map.assign([a.address, b.address, c.address, c.address]);
    expect(told(await decide(a, checkoutIn(IN_PARTITION[0])))).toBe("b:r-5 owner_unavailable");
    expect([a.decider.decided, b.decider.decided]).toEqual([[], []]);
    expect(await counted(a.telemetry, "leastwise_forwarded_calls_total")).toBe(1);
    expect(await counted(b.telemetry, "leastwise_forwarded_calls_total")).toBe(0);
  });

  it("is refused as the owner refuses it, and by the asked one where the owner is gone", async () => {
    const empty = {
      ...checkoutIn(IN_PARTITION[1]),
      cart: wire.Cart.fromPartial({}),
    };
    const there = await decide(b, empty);
    expect(there).toMatchObject({ error: { code: "INVALID_ARGUMENT", reason: "empty_cart", field: "cart.lines" } });
    expect(await decide(a, empty)).toEqual(there);
    await b.kill();
    expect(await decide(a, empty)).toEqual(there);
    expect(told(await decide(a, checkout({ subject: {} })))).toBe("INVALID_ARGUMENT id_missing");
  });
});

describe("a decision whose owner does not answer", () => {
  it("is degraded at once where there is none", async () => {
    a.map.assign([a.address, undefined, c.address, c.address]);
    const answer = await decide(a, checkoutIn(IN_PARTITION[1]));
    expect(told(answer)).toBe("a:r-69 owner_unavailable");
    expect(answer).toMatchObject({ value: { bucket: 69 } });
  });

  it("is degraded where it cannot be reached, and made again when another one has the partition", async () => {
    await b.kill();
    expect(told(await decide(a, checkoutIn(IN_PARTITION[1])))).toBe("a:r-69 owner_unavailable");
    expect(await counted(a.telemetry, "leastwise_forwarded_calls_total", "unavailable")).toBe(1);
    for (const { map } of [a, c]) map.assign([a.address, c.address, c.address, c.address]);
    expect(told(await decide(a, checkoutIn(IN_PARTITION[1])))).toBe("c:r-69");
  });

  it("is degraded where the owner goes in the middle of it", async () => {
    const inHand = gate();
    b.decider.before = () => {
      inHand.open();
      return never();
    };
    const answer = decide(a, checkoutIn(IN_PARTITION[1]));
    await inHand.opened;
    await b.kill();
    expect(told(await answer)).toBe("a:r-69 owner_unavailable");
  });

  it("is degraded in time where the owner is late, with a deadline and without", async () => {
    b.decider.before = never;
    // A margin that outlasts whatever else the machine is busy with.
    const hasty = await scorer("hasty", { budgetMs: 2_050, marginMs: 2_000 });
    hasty.map.assign([a.address, b.address, c.address, c.address]);
    expect(told(await decide(hasty, checkoutIn(IN_PARTITION[1]), {}))).toBe("hasty:r-69 owner_unavailable");
    expect(told(await decide(hasty, checkoutIn(IN_PARTITION[1]), { timeoutMs: 2_500 }))).toBe(
      "hasty:r-69 owner_unavailable",
    );
    expect(await counted(hasty.telemetry, "leastwise_forwarded_calls_total", "late")).toBe(2);
  });

  it("is degraded at once where the owner has kept silent, until a call finds that it answers again", async () => {
    const silent = gate();
    b.decider.before = () => silent.opened;
    const hasty = await scorer("hasty", { budgetMs: 150, marginMs: 5 });
    hasty.map.assign([a.address, b.address, c.address, c.address]);
    const late = () => counted(hasty.telemetry, "leastwise_forwarded_calls_total", "late");
    while ((await late()) < 3) await decide(hasty, checkoutIn(IN_PARTITION[1]), {});
    // One call finds out whether it answers; with its deadline far away the others would wait as long, and do not.
    const probe = decide(hasty, checkoutIn(IN_PARTITION[1]), CALL);
    expect(told(await decide(hasty, checkoutIn(IN_PARTITION[1]), CALL))).toBe("hasty:r-69 owner_unavailable");
    silent.open();
    expect(told(await probe)).toBe("b:r-69");
    expect(told(await decide(hasty, checkoutIn(IN_PARTITION[1]), CALL))).toBe("b:r-69");
  });

  it("is degraded without a hop where there is no time for one", async () => {
    const hasty = await scorer("hasty", { budgetMs: 6 });
    hasty.map.assign([a.address, b.address, c.address, c.address]);
    expect(told(await decide(hasty, checkoutIn(IN_PARTITION[1]), {}))).toBe("hasty:r-69 owner_unavailable");
    expect(b.decider.decided).toEqual([]);
  });

  it("is degraded here where the owner has only begun: this ledger knows what was offered", async () => {
    b.decider.degradedReason = "features_restoring";
    expect(told(await decide(a, checkoutIn(IN_PARTITION[1])))).toBe("a:r-69 owner_unavailable");
    const batch = await decideBatch(a, [checkoutIn(64, "x"), checkoutIn(5), checkoutIn(70, "y")]);
    expect(outcomes(batch)).toEqual(["a:x owner_unavailable", "a:r-5", "a:y owner_unavailable"]);
  });

  it("is given up with its caller, at the owner too", async () => {
    const [inHand, left] = [gate(), gate()];
    await ownerThat((_, { signal }) => {
      signal.addEventListener("abort", () => {
        left.open();
      });
      inHand.open();
      return never();
    });
    const controller = new AbortController();
    const answer = decide(a, checkoutIn(IN_PARTITION[1]), { signal: controller.signal });
    await inHand.opened;
    controller.abort();
    expect(told(await answer)).toBe("CANCELLED ");
    await left.opened;
    let cancelled = 0;
    while (cancelled === 0) cancelled = await counted(a.telemetry, "leastwise_forwarded_calls_total", "cancelled");
  });
});

describe("a batch", () => {
  it("goes in parts to its owners, and comes back in its order", async () => {
    const requests = [...IN_PARTITION, ...IN_PARTITION].map((bucket, index) => checkoutIn(bucket + index, `r${index}`));
    const answer = await decideBatch(a, requests);
    expect(outcomes(answer)).toEqual(["a:r0", "b:r1", "c:r2", "c:r3", "a:r4", "b:r5", "c:r6", "c:r7"]);
    const told = answer.ok ? answer.value.outcomes : [];
    expect(told.map(({ outcome }) => outcome?.$case === "response" && outcome.value.bucket)).toEqual(
      requests.map(({ subject }) => Number.parseInt(subject!.userId.slice(0, 2), 16)),
    );
    // One call to each of the two others, however many requests are theirs.
    expect(await counted(a.telemetry, "leastwise_forwarded_calls_total", "DecideBatch", "answered")).toBe(2);
  });

  it("has its degraded answers in their places where an owner is dead, and its refusals in theirs", async () => {
    await b.kill();
    const requests = [69, 5, 70, 133, 71, 197, 6, 134].map((bucket, index) => checkoutIn(bucket, `r${index}`));
    for (const index of [1, 3, 4]) requests[index]!.cart = wire.Cart.fromPartial({});
    requests[6]!.subject = undefined;
    expect(outcomes(await decideBatch(a, requests))).toEqual([
      "a:r0 owner_unavailable",
      "1 empty_cart cart.lines",
      "a:r2 owner_unavailable",
      "3 empty_cart cart.lines",
      "4 empty_cart cart.lines",
      "c:r5",
      "6 id_missing subject.anonymous_id",
      "c:r7",
    ]);
  });

  it("takes one to a hundred", async () => {
    expect(await decideBatch(a, [])).toMatchObject({ error: { code: "INVALID_ARGUMENT", reason: "batch_empty" } });
    const many = Array.from({ length: 101 }, (_, index) => checkoutIn(index));
    expect(await decideBatch(a, many)).toMatchObject({ error: { reason: "batch_too_large" } });
    expect(outcomes(await decideBatch(a, many.slice(1)))).toHaveLength(100);
  });

  it("has exactly one outcome for each request at its place, whoever owns what and whoever is dead, late or of another mind", async () => {
    const hasty = await scorer("hasty", { budgetMs: 60 });
    const astray = await scorer("astray");
    astray.map.assign([b.address, b.address, b.address, b.address]);
    const late = await scorer("late");
    late.decider.before = never;
    const young = await scorer("young");
    young.decider.degradedReason = "features_restoring";
    const owners = {
      ...{ hasty: hasty.address, a: a.address, b: b.address, c: c.address, astray: astray.address },
      ...{ late: late.address, young: young.address, dead: await deadAddress(), nobody: undefined },
    };
    for (const { map } of [a, b, c, late, young]) {
      map.assign(new Array<string>(PARTITIONS).fill(map.ownAddress));
    }
    // Warm, so that a connection that is only being made is not taken for a late owner.
    hasty.map.assign([a.address, b.address, c.address, astray.address]);
    const names = fc.constantFrom(...(Object.keys(owners) as (keyof typeof owners)[]));
    const answeredBy = new Set<string>();
    const asked = fc.record({ bucket: fc.nat(255), isEmpty: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(names, { minLength: PARTITIONS, maxLength: PARTITIONS }),
        fc.array(asked, { minLength: 1, maxLength: 30 }),
        async (assigned, requested) => {
          hasty.map.assign(assigned.map((name) => owners[name]));
          const requests = requested.map(({ bucket, isEmpty }, index) => ({
            ...checkoutIn(bucket, `r${index}`),
            ...(isEmpty ? { cart: undefined } : {}),
          }));
          const got = outcomes(await decideBatch(hasty, requests, {}));
          expect(got).toHaveLength(requests.length);
          for (const [index, { bucket, isEmpty }] of requested.entries()) {
            const owner = assigned[bucket >> 6]!;
            const degraded = `hasty:r${index} owner_unavailable`;
            const expected = isEmpty
              ? [`${index} empty_cart cart.lines`]
              : {
                  // A machine that is busy elsewhere may be late by itself.
                  ...{ a: [`a:r${index}`, degraded], b: [`b:r${index}`, degraded], c: [`c:r${index}`, degraded] },
                  ...{ astray: [`astray:r${index} owner_unavailable`, degraded], hasty: [`hasty:r${index}`] },
                  ...{ late: [degraded], young: [degraded], dead: [degraded], nobody: [degraded] },
                }[owner];
            expect(expected).toContain(got[index]);
            answeredBy.add(got[index]!.replace(/r?\d+/, ""));
          }
        },
      ),
      { numRuns: 60 },
    );
    const owned = ["a:", "b:", "c:", "hasty:", "astray: owner_unavailable", "hasty: owner_unavailable"];
    expect([...answeredBy].sort()).toEqual([" empty_cart cart.lines", ...owned].sort());
  });
});

describe("a stream of decisions", () => {
  it("is answered in its order, each message by its owner or degraded", async () => {
    const call = a.client.decideStream();
    const buckets = [197, 5, 69, 6, 133, 70];
    for (const bucket of buckets) call.write(checkoutIn(bucket));
    call.write({ ...checkoutIn(71), cart: undefined });
    call.write(checkoutIn(72, "last"));
    call.end();
    const got: string[] = [];
    for await (const outcome of call) {
      got.push(sayOutcome(outcome as wire.DecideOutcome));
      if (got.length === 7) await b.kill();
    }
    expect(got.slice(0, 7)).toEqual([
      "c:r-197",
      "a:r-5",
      "b:r-69",
      "a:r-6",
      "c:r-133",
      "b:r-70",
      "0 empty_cart cart.lines",
    ]);
    expect(["b:last", "a:last owner_unavailable"]).toContain(got[7]);
  });

  it("gives an answer that had to wait what is left of its budget", async () => {
    const call = a.client.decideStream();
    const held = gate();
    b.decider.before = () => held.opened;
    for (const requestId of ["first", "behind"]) call.write(checkoutIn(69, requestId));
    call.end();
    await until(() => b.decider.decided.length === 1);
    const heldFromMs = Date.now();
    await until(() => Date.now() >= heldFromMs + 100);
    held.open();
    const got: string[] = [];
    for await (const outcome of call) got.push(sayOutcome(outcome as wire.DecideOutcome));
    expect(got).toEqual(["b:first", "b:behind"]);
    const [first, behind] = b.decider.decided.map(({ deadlineMs }) => deadlineMs!);
    expect(behind! - first!).toBeLessThan(50);
  });

  it("gives each answer the own budget, not the stream's deadline", async () => {
    const call = a.client.decideStream({ deadline: Date.now() + 600_000 });
    call.write(checkoutIn(69));
    await until(() => b.decider.decided.length === 1);
    call.cancel();
    call.on("error", () => undefined);
    expect(b.decider.decided[0]!.deadlineMs! - Date.now()).toBeLessThanOrEqual(30_000);
  });
});

describe("Explain", () => {
  it("knows the decisions of all scorers, asked of any", async () => {
    for (const one of [a, b, c]) one.known.add(`of ${one.address}`);
    for (const asked of [a, b, c]) {
      for (const [name, { address }] of Object.entries({ a, b, c })) {
        expect(await explain(asked, `of ${address}`)).toMatchObject({ ok: true, value: { sentences: [name] } });
      }
    }
  });

  it("says that nobody knows one, or that somebody who may did not say", async () => {
    expect(await explain(a, "unheard of")).toMatchObject({ error: { code: "NOT_FOUND", reason: "unknown_decision" } });
    c.known.add("d-1");
    await b.kill();
    expect(await explain(a, "d-1")).toMatchObject({ ok: true, value: { sentences: ["c"] } });
    expect(await explain(a, "unheard of")).toMatchObject({
      error: { code: "UNAVAILABLE", reason: "owner_unavailable", field: "decision_id" },
    });
  });
});

describe("thousands of calls at once", () => {
  it("each have the answer of their owner", async () => {
    const scorers = [a, b, c];
    const calls = Array.from({ length: 2_000 }, (_, index) =>
      decide(scorers[index % 3]!, checkoutIn(index % 256, `r${index}`)),
    );
    const answers = (await Promise.all(calls)).map(told);
    expect(answers).toEqual(calls.map((_, index) => `${"abcc"[(index % 256) >> 6]}:r${index}`));
  });
});

it("a caller that says it has hopped is answered here or degraded", async () => {
  const client = connect(wire.DecisionServiceClient, a.address);
  const metadata = new Metadata();
  metadata.set("leastwise-hops", "nonsense");
  expect(hasHopped({ metadata })).toBe(true);
  expect(told(await callUnary(client.decide.bind(client), checkoutIn(5), { ...CALL, metadata }))).toBe("a:r-5");
  const elsewhere = await callUnary(client.decide.bind(client), checkoutIn(69), { ...CALL, metadata });
  expect(told(elsewhere)).toBe("a:r-69 owner_unavailable");
  client.close();
});

describe("WhatIf", () => {
  it("is answered by who owns the shopper, asked of any", async () => {
    for (const asked of [a, b, c]) {
      const answers = await Promise.all([0, 64, 192].map((bucket) => whatIf(asked, checkoutIn(bucket))));
      const names = answers.map((answer) => answer.ok && answer.value.answer?.decisionId.split(":")[0]);
      expect(names).toEqual(["a", "b", "c"]);
    }
  });

  it("is not answered by anybody else: not where the owner is gone, nor where nobody is one", async () => {
    await b.kill();
    const unavailable = { error: { code: "UNAVAILABLE", reason: "owner_unavailable", field: "request.subject" } };
    expect(await whatIf(a, checkoutIn(64))).toMatchObject(unavailable);
    a.map.assign([a.address, undefined, c.address, c.address]);
    expect(await whatIf(a, checkoutIn(64))).toMatchObject(unavailable);
    expect(await whatIf(a, checkoutIn(0))).toMatchObject({ ok: true });
  });

  it("is refused as the owner refuses it", async () => {
    expect(await whatIf(a, { ...checkoutIn(64), cart: undefined })).toMatchObject({
      error: { code: "INVALID_ARGUMENT", reason: "empty_cart" },
    });
  });
});
