import { describe, expect, it } from "@jest/globals";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { decisionsOn } from "./decisions-on-log.js";
import { newFolder, runToEnd } from "./program.js";

// `npm start`, as a newcomer runs it: the storefront, and clickstreams of their own.

/** What `--json` prints, as far as it is looked at here. */
interface Summary {
  readonly mode: string;
  readonly seconds: number;
  readonly events: {
    readonly sent: number;
    readonly accepted: number;
    readonly by_kind: Readonly<Record<string, number>>;
    readonly refused: Readonly<Record<string, number>>;
    readonly verdicts: Readonly<Record<string, number>>;
  };
  readonly file: Readonly<Record<string, number>>;
  readonly subjects: number;
  readonly decisions: {
    readonly answered: number;
    readonly by_reason: Readonly<Record<string, number>>;
    readonly latency_ms: object;
  };
  readonly incentives: readonly { readonly kind: string; readonly granted: number }[];
  readonly spend: { readonly held_minor: number; readonly redeemed: number };
  readonly lift: {
    readonly subjects: Readonly<Record<"treatment" | "holdout", number>>;
    readonly metrics: readonly object[];
  };
  readonly is_aa_check: boolean;
  readonly ports: object;
}

const PLAY_MAX_MS = 60_000;
const SMALL = ["--shoppers", "160", "--days", "4"];

const play = (...args: readonly string[]) =>
  runToEnd({ args: ["play", "--once", "--data", path.join(newFolder(), "play"), ...args] }, PLAY_MAX_MS);

async function playJson(...args: readonly string[]): Promise<Summary> {
  const { exit, stdout, stderr } = await play("--json", ...args);
  if (exit.code !== 0) throw new Error(stderr.join("\n"));
  expect(stdout).toHaveLength(1);
  return JSON.parse(stdout[0]!) as Summary;
}

/** What does not depend on the machine. */
function untimed(summary: Summary) {
  return { ...summary, seconds: 0, ports: {}, decisions: { ...summary.decisions, latency_ms: {} } };
}

describe("the storefront", () => {
  let first: Summary;

  it(
    "is the same for the same seed, down to each interval, and another for another seed",
    async () => {
      first = await playJson(...SMALL, "--seed", "ada");
      const second = await playJson(...SMALL, "--seed", "ada");
      const other = await playJson(...SMALL, "--seed", "grace");
      expect(untimed(second)).toEqual(untimed(first));
      expect(untimed(other)).not.toEqual(untimed(first));
    },
    3 * PLAY_MAX_MS,
  );

  it("gives, withholds, redeems and counts: the whole road", () => {
    expect(first.mode).toBe("storefront");
    expect(first.is_aa_check).toBe(false);
    expect(first.events.sent).toBeGreaterThan(first.events.accepted - 1);
    expect(first.events.by_kind).toMatchObject({
      purchase: expect.any(Number),
      checkout_start: expect.any(Number),
    });
    expect(first.decisions.answered).toBeGreaterThan(50);
    expect(first.decisions.by_reason).toMatchObject({ granted: expect.any(Number), holdout: expect.any(Number) });
    expect(first.spend.redeemed).toBeGreaterThan(0);
    expect(first.spend.held_minor).toBeGreaterThan(0);
    expect(first.lift.subjects.holdout).toBeGreaterThan(0);
    expect(first.lift.metrics.length).toBeGreaterThan(1);
  });

  it(
    "ends with a table on standard output, plain lines of progress elsewhere, and no colour in a file",
    async () => {
      const { exit, stdout, stderr } = await play(...SMALL);
      expect(exit.code).toBe(0);
      const table = stdout.join("\n");
      for (const part of [
        "events sent",
        "subjects",
        "decisions",
        "incentives, by kind and depth",
        "redeemed",
        "lift, treatment − holdout",
      ])
        expect(table).toContain(part);
      expect(stderr[0]).toMatch(/^Leastwise: starting/);
      expect(stderr.join("\n")).toMatch(/events 100 %, [\d,]+\/s · [\d,]+ decisions, 2026-01-08/);
      expect([table, ...stderr].join("\n")).not.toMatch(/[\r\u001b]/);
    },
    PLAY_MAX_MS,
  );
});

const T0_MS = Date.UTC(2026, 2, 1, 12);
const goods = { product_id: "p-1", unit_price: { minor: 4_000, currency: "USD" }, quantity: 1 };
const event = (id: string, kind: string, minute: number, more: object = {}) =>
  JSON.stringify({ event_id: id, kind, occurred_at_ms: T0_MS + minute * 60_000, user_id: "u-1", ...more });

function fileOf(name: string, lines: readonly string[]): string {
  const file = path.join(newFolder(), name);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

describe("a decision of a play", () => {
  it(
    "is decided again by who knows nothing of its seed, code and all: the play's keys lie beside its log",
    async () => {
      const data = path.join(newFolder(), "play");
      const { exit } = await runToEnd({ args: ["play", "--once", "--data", data, ...SMALL] }, PLAY_MAX_MS);
      expect(exit.code).toBe(0);
      const granted = (await decisionsOn(path.join(data, "log"))).find(({ reason }) => reason === "granted");
      const decisionId = granted?.decisionId ?? "";
      const again = await runToEnd({ args: ["replay-decision", decisionId, "--data", data, "--json"] }, PLAY_MAX_MS);
      expect(JSON.parse(again.stdout.join(""))).toMatchObject({ is_same: true, is_code_compared: true });
    },
    2 * PLAY_MAX_MS,
  );
});

describe("a replay", () => {
  it(
    "of Leastwise NDJSON asks at each cart, offers nothing, and counts duplicates and lines it cannot read",
    async () => {
      const file = fileOf("events.ndjson", [
        event("e-1", "product_view", 0, { product: goods }),
        event("e-2", "cart_add", 1, { product: goods }),
        event("e-2", "cart_add", 1, { product: goods }),
        "{ not json",
        event("e-3", "no_such_kind", 2),
        event("e-4", "purchase", 3, {
          order: { order_id: "o-1", lines: [goods], total: { minor: 4_000, currency: "USD" } },
        }),
      ]);
      const summary = await playJson("--replay", file, "--format", "leastwise");
      expect(summary).toMatchObject({
        mode: "replay",
        is_aa_check: true,
        subjects: 1,
        spend: { held_minor: 0, redeemed: 0 },
      });
      expect(summary.events.by_kind).toEqual({ cart_add: 2, product_view: 1, purchase: 1 });
      expect(summary.events.verdicts).toEqual({ applied: 3, duplicate: 1 });
      expect(summary.file).toMatchObject({ rows: 6, "refused: json_malformed": 1, duplicates: 1 });
      // The cart that is told twice is asked for once.
      expect(summary.decisions.answered).toBe(1);
      expect(summary.incentives.every(({ granted }) => granted === 0)).toBe(true);
    },
    PLAY_MAX_MS,
  );

  it(
    "of Segment NDJSON goes the same way",
    async () => {
      const track = (id: string, name: string, minute: number, properties: object) =>
        JSON.stringify({
          type: "track",
          messageId: id,
          event: name,
          userId: "u-1",
          timestamp: new Date(T0_MS + minute * 60_000).toISOString(),
          properties,
        });
      const product = { product_id: "p-1", price: 40, currency: "USD", quantity: 1 };
      const file = fileOf("segment.ndjson", [
        track("m-1", "Product Viewed", 0, product),
        track("m-2", "Product Added", 1, product),
        track("m-3", "Order Completed", 2, { order_id: "o-1", total: 40, currency: "USD", products: [product] }),
        JSON.stringify({ type: "group", messageId: "m-4", userId: "u-1", groupId: "g" }),
      ]);
      const summary = await playJson("--replay", file, "--format", "segment");
      expect(summary.events.by_kind).toEqual({ cart_add: 1, product_view: 1, purchase: 1 });
      expect(summary.file).toMatchObject({ rows: 4, "refused: unknown_call_type": 1 });
      expect(summary.decisions.answered).toBe(1);
    },
    PLAY_MAX_MS,
  );

  it(
    "heads its lift table as what it is",
    async () => {
      const file = fileOf("one.ndjson", [event("e-1", "cart_add", 0, { product: goods })]);
      const { stdout } = await play("--replay", file);
      expect(stdout.join("\n")).toContain("A/A check: no offer was made");
    },
    PLAY_MAX_MS,
  );
});

describe("what cannot be played", () => {
  it.each([
    ["an unknown format", ["--replay", "x.csv", "--format", "csv"], /Allowed choices are .*leastwise, segment/],
    ["a file that is not there", ["--replay", "/no/such/file.csv"], /no\/such\/file\.csv/],
    ["no shopper", ["--shoppers", "0"], /Expected a whole number from 1 to 100000/],
    ["a date that is none", ["--start", "soon"], /--start: expected a date such as 2026-01-05, got "soon"/],
  ])("is %s: said in words, with exit code 1", async (_, args, words) => {
    const { exit, stdout, stderr } = await play(...args);
    expect(exit.code).toBe(1);
    expect(stdout).toEqual([]);
    expect(stderr.join("\n")).toMatch(words);
    expect(stderr.join("\n")).not.toMatch(/^\s+at /m);
  });

  it("is a file of no format that is known", async () => {
    const { exit, stderr } = await play("--replay", fileOf("odd.csv", ["a,b,c", "1,2,3"]));
    expect(exit.code).toBe(1);
    expect(stderr.at(-1)).toMatch(/format/);
  });

  it("is a play in a directory with something else in it, which stays as it is", async () => {
    const folder = newFolder();
    writeFileSync(path.join(folder, "thesis.txt"), "years of work");
    const { exit, stderr } = await runToEnd({ args: ["play", "--once", "--data", folder] });
    expect(exit.code).toBe(1);
    expect(stderr.join("\n")).toMatch(/holds something else than a play: choose another directory with --data/);
    expect(readdirSync(folder)).toEqual(["thesis.txt"]);
  });
});
