import type { wire } from "@leastwise/contracts";
import { RECENT_MAX, type CompiledPolicy } from "@leastwise/decision";
import { catalogueDigest, recordedFacts } from "@leastwise/scorer";
import { sayRefusal, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";
import type { LoggedAct, LoggedActs, Unreadable } from "./logged-acts.js";
import { CODE_KEY, type Moment } from "./moment.js";
import type { OrderedGoods } from "./policy-world.js";

/** A span of time, half-open, Unix milliseconds. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Why a decision on the log cannot be made again. */
export type Skipped = "went_wrong" | "other_currency" | "other_features" | "policy_unknown" | "stands_twice";

export interface LoggedShopOptions {
  readonly period: Period;
  /** Of the policies. */
  readonly currency: CurrencyCode;
  /** The policy of a version, where decisions are made again as they were; undefined: all are made under another document. */
  readonly inForce: ((version: string) => CompiledPolicy | undefined) | undefined;
  readonly onUnreadable: (what: Unreadable) => void;
}

/** What is remembered of a shopper. */
interface LoggedShopper {
  /** The newest cart, and what the catalog said of it. */
  readonly goods: OrderedGoods;
  /** When it last ordered; 0: never. */
  readonly orderedMs: number;
  /** Its newest decisions, as many as a repeated request is told by. */
  readonly decisionIds: readonly string[];
}

/** A period of the log as the shop saw it: what it knew of a shopper at each cart, and when a code was used. */
export class LoggedShop {
  readonly skipped = new Map<Skipped, number>();
  /** Decisions that were made under each version of the policy. */
  readonly versions = new Map<string, number>();
  readonly #acts: Pick<LoggedActs, "inOrder">;
  readonly #options: LoggedShopOptions;
  readonly #shoppers = new Map<string, LoggedShopper>();
  /** A redemption that was in doubt may stand there twice. */
  readonly #redeemed = new Set<string>();

  constructor(acts: Pick<LoggedActs, "inOrder">, options: LoggedShopOptions) {
    this.#acts = acts;
    this.#options = options;
  }

  /** Goes through the period once. */
  async *moments(): AsyncGenerator<Moment, void, undefined> {
    const { fromMs, toMs } = this.#options.period;
    for await (const act of this.#acts.inOrder()) {
      if (act.atMs < fromMs || act.atMs >= toMs) continue;
      if (act.kind === "decided") yield* this.#cartOf(act.record);
      else yield* this.#orderOf(act);
    }
  }

  *#cartOf(record: wire.DecisionRecord): Generator<Moment, void, undefined> {
    const skipped = this.#whySkipped(record);
    if (skipped !== undefined) {
      this.skipped.set(skipped, (this.skipped.get(skipped) ?? 0) + 1);
      return;
    }
    const { decisionId, decidedAtMs, policyVersion } = record;
    const read = recordedFacts(record);
    if (!read.ok) {
      this.#options.onUnreadable({ place: `decision ${decisionId} of ${decidedAtMs}`, why: sayRefusal(read.error) });
      return;
    }
    const { subject, cart, catalog, cause } = read.value;
    yield* this.#orderBefore(record, subject);
    const inForce = this.#options.inForce?.(policyVersion);
    this.versions.set(policyVersion, (this.versions.get(policyVersion) ?? 0) + 1);
    const decisionIds = [...(this.#shoppers.get(subject)?.decisionIds ?? []), decisionId].slice(-RECENT_MAX);
    this.#shoppers.set(subject, { goods: { cart, catalog }, orderedMs: Number(record.lastOrderMs), decisionIds });
    // Each record is a request that had no answer yet, and what a replay of a clickstream may not issue is the question here. Both sides decide by the rules
    // of now: what a policy would do is asked, not what an earlier version made of one. A custom model answered to what the one policy could give: neither side
    // has that, so that both are weighed by the same, the parametric part.
    const asked = {
      ...{ cause: { ...cause, requestId: decisionId }, observeOnly: false, codeKey: CODE_KEY },
      earlierRules: undefined,
      modelAnswer: undefined,
    };
    yield { kind: "cart", facts: { ...read.value, ...asked }, ...(inForce === undefined ? {} : { inForce }) };
  }

  #whySkipped(record: wire.DecisionRecord): Skipped | undefined {
    const { decisionId, subject, degradedReason, cart, features, policyVersion } = record;
    const { inForce, currency } = this.#options;
    if (degradedReason !== "") return "went_wrong";
    if (cart?.lines[0]?.unitPrice?.currency !== currency) return "other_currency";
    // One of fewer features is of an earlier version, which had the first of ours.
    if (features?.catalogue !== catalogueDigest(features?.values.length ?? 0)) return "other_features";
    if (inForce !== undefined && inForce(policyVersion) === undefined) return "policy_unknown";
    return this.#shoppers.get(subject)?.decisionIds.includes(decisionId) === true ? "stands_twice" : undefined;
  }

  /** An order that the decision knew of: what was in it does not stand there. */
  *#orderBefore({ lastOrderMs }: wire.DecisionRecord, subject: SubjectId): Generator<Moment, void, undefined> {
    const atMs = Number(lastOrderMs);
    if (atMs > (this.#shoppers.get(subject)?.orderedMs ?? 0)) yield { kind: "order", subject, atMs: atMs as Millis };
  }

  /** A used code: the order's goods are taken to be those of the shopper's newest cart. */
  *#orderOf({ subject, atMs, offerId }: Extract<LoggedAct, { kind: "redeemed" }>): Generator<Moment, void, undefined> {
    const goods = this.#shoppers.get(subject)?.goods;
    if (goods === undefined || this.#redeemed.has(offerId)) return;
    this.#redeemed.add(offerId);
    yield { kind: "order", subject, goods, atMs: atMs as Millis };
  }
}
