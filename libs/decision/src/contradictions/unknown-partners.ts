import type { Policy } from "../policy/policy.js";
import type { Problems } from "../policy/problems.js";

/** Refuses what a partner gives where no partner of the policy has the name. */
export function validatePartnersKnown(problems: Problems, { campaigns, partners }: Policy): void {
  const known = new Set(partners.map(({ partnerId }) => partnerId));
  for (const [i, { ladder }] of campaigns.entries())
    for (const [k, { incentive }] of ladder.entries())
      if (incentive?.kind === "partner_exclusive")
        problems.reference(
          `campaigns[${String(i)}].ladder[${String(k)}].incentive.partner_exclusive.partner_id`,
          incentive.partnerId,
          known,
          "partner",
        );
}
