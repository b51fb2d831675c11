import { DAY_MS } from "@leastwise/vocabulary";
import { validateExchange } from "./consent-exchange.js";
import type { Approach, DynamicApproach, PropensityApproach } from "./policy.js";
import type { Problems } from "./problems.js";

const CLASSES_MAX = 16;
const POINTS_MAX = 16;

/** Checks how a campaign finds its shoppers. */
export function validateApproach(
  problems: Problems,
  field: string,
  approach: Approach | undefined,
  known: {
    readonly segments: ReadonlySet<string>;
    readonly partners: ReadonlySet<string>;
    readonly classes: ReadonlySet<string>;
  },
): void {
  if (approach === undefined) {
    problems.add(
      "approach_missing",
      field,
      undefined,
      "rules, propensity, dynamic, on_device, partner or consent_exchange",
    );
    return;
  }
  const at = `${field}.${approach.kind}`;
  switch (approach.kind) {
    case "rules":
      problems.reference(`${at}.segment`, approach.segment, known.segments, "segment");
      return;
    case "propensity":
      validatePropensity(problems, at, approach);
      return;
    case "dynamic":
      validateDynamic(problems, at, approach);
      return;
    case "on_device":
      if (approach.classes.length < 1 || approach.classes.length > CLASSES_MAX)
        problems.add("classes_size", `${at}.classes`, approach.classes.length, `1 to ${String(CLASSES_MAX)} classes`);
      for (const [i, name] of approach.classes.entries())
        problems.reference(`${at}.classes[${String(i)}]`, name, known.classes, "class");
      return;
    case "partner":
      problems.reference(`${at}.partner_id`, approach.partnerId, known.partners, "partner");
      problems.reference(`${at}.segment`, approach.segment, known.segments, "segment");
      if (approach.partnerShareBp !== 0)
        problems.add(
          "share_of_partner",
          `${at}.partner_share_bp`,
          approach.partnerShareBp,
          "none: it stands in partners",
        );
      return;
    case "consent_exchange":
      problems.reference(`${at}.segment`, approach.segment, known.segments, "segment");
      validateExchange(problems, at, approach);
  }
}

function validatePropensity(problems: Problems, at: string, approach: PropensityApproach): void {
  if (approach.of === undefined)
    problems.add("propensity_kind_missing", `${at}.kind`, undefined, "abandonment, dormant or churn");
  problems.range(`${at}.propensity_min_bp`, approach.propensityMinBp, 0, 10_000);
  problems.range(`${at}.propensity_max_bp`, approach.propensityMaxBp, 0, 10_000);
  if (approach.awayMs !== 0) problems.range(`${at}.away_ms`, approach.awayMs, DAY_MS, 366 * DAY_MS);
  const most = approach.propensityMaxBp === 0 ? 10_000 : approach.propensityMaxBp;
  if (approach.propensityMinBp > most)
    problems.add(
      "bounds_crossed",
      `${at}.propensity_min_bp`,
      approach.propensityMinBp,
      `at most ${at}.propensity_max_bp, ${String(most)}`,
    );
  validateChurn(problems, at, approach);
  if (approach.againAfterMs !== undefined && approach.of !== "abandonment")
    problems.add(
      "again_after_of_abandonment",
      `${at}.again_after_ms`,
      approach.againAfterMs,
      "none: it is of abandonment",
    );
  else if (approach.againAfterMs !== undefined)
    problems.range(`${at}.again_after_ms`, approach.againAfterMs, 0, 366 * DAY_MS);
}

function validateChurn(problems: Problems, at: string, approach: PropensityApproach): void {
  const { of, churnMinBp = 0, churnMaxBp = 0 } = approach;
  const isOfChurn = of === "churn";
  problems.range(`${at}.churn_min_bp`, churnMinBp, isOfChurn ? 1 : 0, isOfChurn ? 10_000 : 0);
  problems.range(`${at}.churn_max_bp`, churnMaxBp, 0, isOfChurn ? 10_000 : 0);
  if (churnMaxBp !== 0 && churnMinBp > churnMaxBp)
    problems.add(
      "bounds_crossed",
      `${at}.churn_min_bp`,
      churnMinBp,
      `at most ${at}.churn_max_bp, ${String(churnMaxBp)}`,
    );
}

function validateDynamic(problems: Problems, at: string, approach: DynamicApproach): void {
  for (const [i, category] of approach.categories.entries())
    problems.text(`${at}.categories[${String(i)}]`, category, 256);
  problems.range(`${at}.inventory_min`, approach.inventoryMin, 0, Number.MAX_SAFE_INTEGER);
  problems.range(`${at}.inventory_reserved`, approach.inventoryReserved, 0, Number.MAX_SAFE_INTEGER);
  problems.range(`${at}.shelf_life_max_ms`, approach.shelfLifeMaxMs, 0, 36_600 * DAY_MS);
  if (approach.markdown.length > POINTS_MAX)
    problems.add("markdown_size", `${at}.markdown`, approach.markdown.length, `at most ${String(POINTS_MAX)} points`);
  if (approach.markdown.length > 0 && approach.shelfLifeMaxMs === 0)
    problems.add("shelf_life_missing", `${at}.shelf_life_max_ms`, 0, "a shelf life that the markdown curve runs over");
  for (const [i, point] of approach.markdown.entries()) {
    const field = `${at}.markdown[${String(i)}]`;
    problems.range(`${field}.left_bp`, point.leftBp, 0, 10_000);
    problems.range(`${field}.depth_max_bp`, point.depthMaxBp, 0, 10_000);
    const before = approach.markdown[i - 1];
    if (before !== undefined && point.leftBp >= before.leftBp)
      problems.add(
        "markdown_not_descending",
        `${field}.left_bp`,
        point.leftBp,
        `less than that of ${at}.markdown[${String(i - 1)}], ${String(before.leftBp)}`,
      );
  }
}
