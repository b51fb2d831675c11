import { isCurrencyCode } from "@leastwise/vocabulary";
import { holdoutInWords } from "../contradictions/nobody-treated.js";
import { RESERVED_SALTS } from "../salts.js";
import { validateDisclosures } from "./disclosures.js";
import { isLanguageTag, LANGUAGE_EXPECTED } from "./language.js";
import type { MessageTemplate, Policy } from "./policy.js";
import type { Problems } from "./problems.js";
import { validateBreaker } from "./validate-breaker.js";
import { validateRfm } from "./rfm.js";
import { validateCampaign, validateCuration, validateSpan, validateTimeZone } from "./validate-campaign.js";
import { validateBudgets, validatePartners } from "./validate-budgets.js";
import type { Standing } from "./expression-types.js";
import { validateDevice } from "./validate-device.js";
import { validateGuardrails } from "./validate-guardrails.js";
import { VERSION_EXPECTED, VERSION_NAME } from "./version-name.js";

const CAMPAIGNS_MAX = 1_000;
const OFFERS_MAX = 1_000_000_000;
/** What stands on the log may have as much; what is proposed is asked for less, and that is what is said. */
const HELD_OUT_MAX_BP = 9_999;
const SEGMENTS_MAX = 5_000;
const PLACEMENTS: ReadonlySet<string> = new Set(["checkout", "banner", "email", "push", "social"]);
const PLACEHOLDERS: ReadonlySet<string> = new Set(["incentive", "cohort", "expires"]);

/** Checks everything about a policy that `policy.proto` states, except its expressions. */
export function validatePolicy(problems: Problems, policy: Policy, standing: Standing): void {
  if (!VERSION_NAME.test(policy.version))
    problems.add("version_malformed", "version", policy.version, VERSION_EXPECTED);
  problems.text("author", policy.author, 256);
  problems.text("reason", policy.reason, 1_024);
  if (!isCurrencyCode(policy.currency))
    problems.add("unknown_currency", "currency", policy.currency, "an ISO 4217 code, for example EUR");
  if (policy.timeZone !== "") validateTimeZone(problems, "time_zone", policy.timeZone);
  if (policy.segments.length > SEGMENTS_MAX)
    problems.add("too_many_segments", "segments", policy.segments.length, `at most ${String(SEGMENTS_MAX)}`);
  validateTax(problems, policy);
  validateNamesOnce(problems, policy);
  for (const [i, segment] of policy.segments.entries()) problems.text(`segments[${String(i)}].name`, segment.name, 64);
  for (const [i, group] of policy.stackingGroups.entries())
    problems.text(`stacking_groups[${String(i)}].name`, group.name, 64);
  validateExperiments(problems, policy);
  validateBudgets(problems, policy);
  validatePartners(problems, policy);
  if (policy.rfm !== undefined) validateRfm(problems, policy.rfm, policy.currency);
  if (policy.device !== undefined) validateDevice(problems, policy.device, standing);
  validateCampaigns(problems, policy);
  validateGuardrails(problems, policy.guardrails, policy.currency);
  const campaignIds = new Set(policy.campaigns.map((campaign) => campaign.campaignId));
  for (const [i, template] of policy.templates.entries())
    validateTemplate(problems, `templates[${String(i)}]`, template, campaignIds);
  validateDisclosures(problems, policy.disclosures ?? [], standing);
}

/** A rate that nothing would be reckoned with was meant for something. */
function validateTax(problems: Problems, { prices, taxBp = 0 }: Policy): void {
  problems.range("tax_bp", taxBp, 0, 10_000);
  if (taxBp !== 0 && prices !== "with_tax")
    problems.add(
      "tax_not_in_prices",
      "tax_bp",
      taxBp,
      "no rate where `prices` is not with_tax: no tax is taken out of them",
    );
}

function validateNamesOnce(problems: Problems, policy: Policy): void {
  const named = (list: string, field: string, names: readonly string[]) =>
    names.map((name, i) => ({ field: `${list}[${String(i)}].${field}`, name }));
  problems.unique(
    named(
      "segments",
      "name",
      policy.segments.map((s) => s.name),
    ),
    "segment_repeated",
  );
  problems.unique(
    named(
      "campaigns",
      "campaign_id",
      policy.campaigns.map((c) => c.campaignId),
    ),
    "campaign_repeated",
  );
  problems.unique(
    named(
      "stacking_groups",
      "name",
      policy.stackingGroups.map((g) => g.name),
    ),
    "stacking_group_repeated",
  );
  problems.unique(
    named(
      "experiments",
      "experiment_id",
      policy.experiments.map((e) => e.experimentId),
    ),
    "experiment_repeated",
  );
  problems.unique(
    named(
      "experiments",
      "salt",
      policy.experiments.map((e) => e.salt),
    ),
    "salt_repeated",
  );
  problems.unique(
    named(
      "budgets",
      "budget_id",
      policy.budgets.map((b) => b.budgetId),
    ),
    "budget_repeated",
  );
  problems.unique(
    named(
      "partners",
      "partner_id",
      policy.partners.map((p) => p.partnerId),
    ),
    "partner_repeated",
  );
}

function validateExperiments(problems: Problems, policy: Policy): void {
  for (const [i, experiment] of policy.experiments.entries()) {
    const at = `experiments[${String(i)}]`;
    problems.text(`${at}.experiment_id`, experiment.experimentId, 64);
    problems.text(`${at}.salt`, experiment.salt, 64);
    if (RESERVED_SALTS.has(experiment.salt))
      problems.add("salt_reserved", `${at}.salt`, experiment.salt, "a salt that nothing else hashes with");
    if (experiment.holdoutBp > HELD_OUT_MAX_BP)
      problems.add(
        "out_of_range",
        `${at}.holdout_bp`,
        experiment.holdoutBp,
        holdoutInWords(experiment.experimentId, policy.campaigns),
      );
    else problems.range(`${at}.holdout_bp`, experiment.holdoutBp, 0, HELD_OUT_MAX_BP);
    validateSpan(problems, at, experiment.startsAtMs, experiment.endsAtMs);
  }
}

function validateCampaigns(problems: Problems, policy: Policy): void {
  if (policy.campaigns.length > CAMPAIGNS_MAX)
    problems.add("too_many_campaigns", "campaigns", policy.campaigns.length, `at most ${String(CAMPAIGNS_MAX)}`);
  const known = {
    segments: new Set(policy.segments.map((segment) => segment.name)),
    experiments: new Set(policy.experiments.map((experiment) => experiment.experimentId)),
    budgets: new Set(policy.budgets.map((budget) => budget.budgetId)),
    stackingGroups: new Set(policy.stackingGroups.map((group) => group.name)),
    partners: new Set(policy.partners.map((partner) => partner.partnerId)),
    classes: new Set(policy.device?.classes.map(({ name }) => name)),
    currency: policy.currency,
  };
  validateCuration(problems, policy.campaigns);
  for (const [i, campaign] of policy.campaigns.slice(0, CAMPAIGNS_MAX).entries()) {
    const at = `campaigns[${String(i)}]`;
    validateCampaign(problems, at, campaign, known);
    if (campaign.offersMax !== undefined) problems.range(`${at}.offers_max`, campaign.offersMax, 1, OFFERS_MAX);
    if (campaign.breaker !== undefined) validateBreaker(problems, `${at}.breaker`, campaign.breaker);
  }
}

function validateTemplate(
  problems: Problems,
  at: string,
  template: MessageTemplate,
  campaignIds: ReadonlySet<string>,
): void {
  if (!isLanguageTag(template.language))
    problems.add("language_malformed", `${at}.language`, template.language, LANGUAGE_EXPECTED);
  problems.reference(`${at}.placement`, template.placement, PLACEMENTS, "placement");
  if (template.campaignId !== "") problems.reference(`${at}.campaign_id`, template.campaignId, campaignIds, "campaign");
  problems.text(`${at}.text`, template.text, 1_024);
  for (const [, name = ""] of template.text.matchAll(/\{([^{}]*)\}/g))
    problems.reference(`${at}.text`, name, PLACEHOLDERS, "placeholder");
}
