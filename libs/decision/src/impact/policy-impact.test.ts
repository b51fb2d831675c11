import { describe, expect, it } from "@jest/globals";
import { decide } from "../decide.js";
import type { Decision } from "../decision.js";
import { campaign, compiled, input, percentOff } from "../given/store.js";
import type { Policy } from "../policy/policy.js";
import { PolicyImpact } from "./policy-impact.js";

const owed = (percentBp: number, segment = "everyone") =>
  campaign({
    ...{
      campaignId: "owed",
      kind: "entitlement",
      experimentId: "",
      exploration: {},
      ladder: [{ incentive: percentOff(percentBp) }],
    },
    approach: { kind: "rules", segment },
  });

function decisionUnder(policy: Partial<Policy>, requestId: string): Decision {
  const outcome = decide(input({ policy: compiled(policy), cause: { caller: "shop", requestId, sessionId: "" } }));
  if (outcome.kind !== "decided") throw new Error("answered before");
  return outcome.decision;
}

describe("what a policy would change", () => {
  const segments = [
    { name: "everyone", expression: "true" },
    { name: "nobody", expression: "false" },
  ];
  const before = { version: "old", segments, campaigns: [owed(500)] };

  it("says who is offered more, who less, of what kind and depth, and what it may cost", () => {
    const impact = new PolicyImpact({ before: "old", after: "new" });
    impact.add(decisionUnder(before, "1"), decisionUnder({ version: "new", segments, campaigns: [owed(1_000)] }, "1"));
    impact.add(
      decisionUnder(before, "2"),
      decisionUnder({ version: "new", segments, campaigns: [owed(500, "nobody")] }, "2"),
    );
    const { decisions, before: old, after, segments: changed } = impact.report();
    expect(decisions).toBe(2);
    expect(old).toMatchObject({ policyVersion: "old", offered: 2, issued: 2, heldMinor: 1_000, withheld: 0 });
    expect(old.kinds).toEqual([{ kind: "percent_off", depthFromPercent: 5, decisions: 2, faceValueMinor: 1_000 }]);
    expect(after).toMatchObject({ policyVersion: "new", offered: 1, issued: 1, heldMinor: 1_000 });
    expect(after.kinds).toEqual([{ kind: "percent_off", depthFromPercent: 10, decisions: 1, faceValueMinor: 1_000 }]);
    expect(changed).toEqual([
      { segment: "", decisions: 2, gain: 1, lose: 1, faceValueChangeMinor: 0 },
      { segment: "everyone", decisions: 2, gain: 1, lose: 1, faceValueChangeMinor: 0 },
    ]);
  });

  it("counts what blocked a rung once a decision", () => {
    const impact = new PolicyImpact({ before: "old", after: "new" });
    const stopped = { killSwitch: true, segments, campaigns: [campaign()] };
    impact.add(decisionUnder(before, "1"), decisionUnder(stopped, "1"));
    const { after } = impact.report();
    expect(after.blocked).toEqual([{ reason: "kill_switch", decisions: 1 }]);
    expect(after.offered).toBe(0);
  });

  it("is nothing of no carts", () => {
    const report = new PolicyImpact({ before: "old", after: "new" }).report();
    expect(report).toMatchObject({ decisions: 0, segments: [], before: { offered: 0, kinds: [], blocked: [] } });
  });
});
