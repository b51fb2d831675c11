import { describe, expect, it } from "@jest/globals";
import type { AssignmentKey, Millis } from "@leastwise/vocabulary";
import { canonicalJson } from "./canonical-json.js";
import { decide } from "./decide.js";
import { CART, features, input, NOON, PROFILE } from "./given/store.js";
import { GOLDEN } from "./given/golden.js";
import { decodeRecordedState, encodeRecordedState } from "./state/encoding.js";

const FIRST = input({
  assignmentKey: "key-4" as AssignmentKey,
  features: features({ purchases_30d: 2, cart_abandoned: 1 }),
  profile: PROFILE,
});

describe("a decision run again", () => {
  it("gives the same bytes, and the committed ones", () => {
    const once = canonicalJson(decide(FIRST));
    expect(canonicalJson(decide(FIRST))).toBe(once);
    expect(once).toBe(GOLDEN);
  });

  it("from its recorded state gives the same bytes", () => {
    const first = decide(FIRST);
    if (first.kind !== "decided") throw new Error("repeated");
    const second = {
      ...FIRST,
      decisionState: first.nextState,
      cart: { ...CART, shippingMinor: 0 },
      nowMs: (NOON + 1_000) as Millis,
      decisionsPerRung: { autumn: [4, 1, 0, 0] },
      explorationSpentMinor: { autumn: 12 },
    };
    const recorded = decodeRecordedState(encodeRecordedState(second));
    if (!recorded.ok) throw new Error(recorded.error.reason);
    const { texts, ...rest } = recorded.value;
    const again = { ...second, ...rest, features: { ...second.features, texts } };
    expect(canonicalJson(decide(again))).toBe(canonicalJson(decide(second)));
  });

  it("keeps of the owner's books what the policy's campaigns read", () => {
    const books = {
      budgets: { marketing: FIRST.budgets["marketing"]!, other: { remainingMinor: 1, shadowPriceBp: 0 } },
      explorationSpentMinor: { autumn: 12, "long ago": 90 },
      decisionsPerRung: { autumn: [4, 1], "long ago": [400, 400] },
    };
    expect(decodeRecordedState(encodeRecordedState({ ...FIRST, ...books }))).toMatchObject({
      ok: true,
      value: {
        budgets: { marketing: FIRST.budgets["marketing"] },
        explorationSpentMinor: { autumn: 12 },
        decisionsPerRung: { autumn: [4, 1] },
      },
    });
    expect(encodeRecordedState({ ...FIRST, ...books })).not.toMatch(/long ago|other/);
  });

  it("keeps a state through its encoding, small, and refuses what is none", () => {
    const first = decide(FIRST);
    if (first.kind !== "decided") throw new Error("repeated");
    const text = encodeRecordedState({ ...FIRST, decisionState: first.nextState });
    expect(decodeRecordedState(text)).toMatchObject({ ok: true, value: { decisionState: first.nextState } });
    expect(text.length).toBeLessThan(2_500);
    const withoutLists = text.replace('"open":[', '"shut":[');
    for (const bad of ["", "{}", "null", text.replace('"v":2', '"v":3'), '{"v":2}', withoutLists])
      expect(decodeRecordedState(bad)).toMatchObject({ ok: false, error: { reason: "decision_state_malformed" } });
  });
});
