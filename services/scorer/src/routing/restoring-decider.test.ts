import { createSubjectHasher } from "@leastwise/contracts";
import { LinkBook } from "@leastwise/references";
import { describe, expect, it } from "@jest/globals";
import { NOON } from "../given/records.js";
import { checkout, counted, quietTelemetry, TOKENS } from "../given/shop.js";
import { restoringDecider } from "./restoring-decider.js";

describe("a decider that is read from the log yet", () => {
  const hasher = createSubjectHasher(Buffer.alloc(32, 7));
  const links = new LinkBook(10, () => undefined);
  const telemetry = quietTelemetry();
  const decider = restoringDecider({ hasher, links, telemetry, tokens: TOKENS, clock: { nowMs: () => NOON } });

  it("knows whose a call is, and answers none to it", async () => {
    expect(decider.subjectOf(checkout())).toEqual({ ok: true, value: hasher.known("ada") });
    const none = { ok: true, value: { decisionId: "", degradedReason: "features_restoring", offer: undefined } };
    expect(await decider.decide(checkout(), undefined)).toMatchObject(none);
    expect(decider.degraded(checkout(), "owner_unavailable")).toMatchObject(none);
    expect(await counted(telemetry, "leastwise_degraded_total", 'reason="features_restoring"')).toBe(2);
  });

  it("refuses what names nobody", async () => {
    const nobody = checkout({ subject: {} });
    for (const refused of [decider.subjectOf(nobody), decider.degraded(nobody, "owner_unavailable")])
      expect(refused).toMatchObject({ ok: false, error: { reason: "id_missing" } });
    expect(await decider.decide(nobody, undefined)).toMatchObject({ ok: false });
  });
});
