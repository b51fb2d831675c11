import { describe, expect, it } from "@jest/globals";
import { sayDocumentProblem } from "./document-text.js";
import { checkPolicyDocument } from "./policy-file.js";

// What contradicts itself, as a marketer is told of it: where to change something, and what it collides with.

const DOCUMENT = `version: autumn-1
author: ada
reason: the first cold days
currency: EUR
segments: [{name: everyone, expression: "true"}]
campaigns:
  - campaign_id: coats
    kind: incentive
    rules: {segment: everyone}
    ladder:
      - incentive: {free_shipping: {}}
      - incentive: {percent_off: {percent: 10%, maximum: 40.00}}
    experiment_id: all
    budget_id: autumn
    offer_ttl: 24h
    stacking_group: checkout
guardrails:
  floor_price: 60%
  max_discount: 30%
  margin_floor: 5%
  assumed_margin: 40%
stacking_groups: [{name: checkout}]
partners: [{partner_id: bank, partner_share: 50%, merchant_share: 50%, budget_id: banks}]
experiments: [{experiment_id: all, salt: autumn/1, holdout: 10%}]
budgets:
  - {budget_id: autumn, amount: 20000}
  - {budget_id: banks, amount: 5000}
`;

type Edit = readonly [from: string, to: string];

function edited(edits: readonly Edit[]): string {
  return edits.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, DOCUMENT);
}

function saysOf(...edits: readonly Edit[]): readonly string[] {
  const checked = checkPolicyDocument(edited(edits));
  return checked.ok ? [] : checked.error.map((problem) => sayDocumentProblem("p.yaml", problem));
}

function notesOf(...edits: readonly Edit[]): readonly string[] {
  const checked = checkPolicyDocument(edited(edits));
  if (!checked.ok) throw new Error("refused");
  const notices = checked.value.notices.filter(({ reason }) => reason !== "learning_off");
  return notices.map((notice) => sayDocumentProblem("p.yaml", notice));
}

const RUNG = "{percent_off: {percent: 10%, maximum: 40.00}}";
const rung = (incentive: string): Edit => [RUNG, incentive];
const limits = (more: string): Edit => ["  assumed_margin: 40%", `  assumed_margin: 40%\n  ${more}`];
const inCampaign = (more: string): Edit => ["    offer_ttl: 24h", `    offer_ttl: 24h\n    ${more}`];
const AT = "campaigns[0].ladder[1].incentive";

describe("a policy that contradicts itself is refused at the line to change, with the other of the pair", () => {
  it.each<readonly [string, readonly Edit[], string]>([
    [
      "a share beyond the floor price",
      [rung("{percent_off: {percent: 90%}}"), ["floor_price: 60%", "floor_price: 95%"]],
      `p.yaml:12:44: ${AT}.percent_off.percent_bp: expected at most 5%: guardrails.floor_price_bp, 95%, lets no more of a price be taken off, got 90% (rung_never_admitted)`,
    ],
    [
      "a share beyond the largest discount",
      [rung("{percent_off: {percent: 90%}}"), ["max_discount: 30%", "max_discount: 2%"]],
      `p.yaml:12:44: ${AT}.percent_off.percent_bp: expected at most 2%: guardrails.max_discount_bp, 2%, lets no more of a price be taken off, got 90% (rung_never_admitted)`,
    ],
    [
      "anything off goods without a largest discount",
      [["  max_discount: 30%\n", ""]],
      `p.yaml:12:34: ${AT}.percent_off: expected nothing off goods: guardrails.max_discount_bp, absent or 0%, keeps all of their price, got "percent_off" (rung_never_admitted)`,
    ],
    [
      "a share beyond the largest of the very goods",
      [
        rung("{percent_off: {percent: 20%, scope: {categories: [coats]}}}"),
        limits("goods_limits: [{brands: [Acme], excluded: true}, {categories: [coats, hats], max_discount: 10%}]"),
      ],
      `p.yaml:12:44: ${AT}.percent_off.percent_bp: expected at most 10%: guardrails.goods_limits[1].max_discount_bp, 10%, lets no more of a price be taken off, got 20% (rung_never_admitted)`,
    ],
    [
      "something off goods that are all excluded",
      [
        rung("{buy_x_get_y: {buy: 2, get: 1, buy_scope: {brands: [Acme]}}}"),
        limits("goods_limits: [{brands: [Acme], excluded: true}]"),
      ],
      `p.yaml:12:34: ${AT}.buy_x_get_y: expected nothing off goods: guardrails.goods_limits[0].excluded, true, keeps all of their price, got "buy_x_get_y" (rung_never_admitted)`,
    ],
    [
      "a share beyond the largest of a cart",
      [rung("{payment_discount: {method: sepa, percent: 20%}}"), limits("cart_max_discount: 15%")],
      `p.yaml:12:63: ${AT}.payment_discount.percent_bp: expected at most 15%: guardrails.cart_max_discount_bp lets no more of a cart be taken off, got 20% (rung_never_admitted)`,
    ],
    [
      "an amount beyond what an incentive may be worth",
      [rung("{amount_off: {amount: 50.00}}"), limits("incentive_max: 20.00")],
      `p.yaml:12:42: ${AT}.amount_off.amount: expected at most 20.00 EUR: guardrails.incentive_max lets no incentive be worth more, got "50.00 EUR" (rung_never_admitted)`,
    ],
    [
      "a cashback beyond what an incentive may be worth",
      [
        rung("{tiered_cashback: {tiers: [{cart_min: 500, cashback: 5%}, {cart_min: 1000, cashback: 6%}]}}"),
        limits("incentive_max: 20.00"),
      ],
      `p.yaml:12:46: ${AT}.tiered_cashback.tiers: expected at most 20.00 EUR: guardrails.incentive_max lets no incentive be worth more, got "at least 25.00 EUR" (rung_never_admitted)`,
    ],
    [
      "a cashback of more than the margin leaves",
      [rung("{tiered_cashback: {tiers: [{cart_min: 0, cashback: 8%}]}}"), inCampaign("margin_floor: 95%")],
      `p.yaml:12:71: ${AT}.tiered_cashback.tiers[0].cashback_bp: expected at most 5%: campaigns[0].margin_floor_bp, 95%, leaves no more of what is paid, got 8% (rung_never_admitted)`,
    ],
    [
      "a maximum beyond what a shopper may be given",
      [limits("per_subject_max: 30.00"), limits("per_subject_period: 30d")],
      `p.yaml:12:58: ${AT}.percent_off.maximum: expected at most 30.00 EUR: guardrails.per_subject_max lets no shopper be given more, and an offer counts with all that is held for it, got "40.00 EUR" (rung_never_admitted)`,
    ],
    [
      "a maximum beyond the whole of a budget",
      [["amount: 20000", "amount: 39.99"]],
      `p.yaml:12:58: ${AT}.percent_off.maximum: expected what costs at most 39.99 EUR: budgets[0].amount holds no more, got "40.00 EUR" (rung_never_admitted)`,
    ],
    [
      "a partner's half beyond the partner's budget",
      [
        ["rules: {segment: everyone}", "partner: {partner_id: bank, segment: everyone}"],
        ["amount: 5000", "amount: 19.99"],
      ],
      `p.yaml:12:58: ${AT}.percent_off.maximum: expected what costs at most 19.99 EUR: budgets[1].amount holds no more, of which 20.00 EUR is its share, got "40.00 EUR" (rung_never_admitted)`,
    ],
    [
      "a breaker that always trips",
      [inCampaign("breaker: {margin_min: 2%, margin_max: 4%, period: day}"), inCampaign("margin_floor: 10%")],
      `p.yaml:17:43: campaigns[0].breaker.margin_max_bp: expected at least 10%: no order keeps less than campaigns[0].margin_floor_bp, 10%, got 4% (breaker_always_trips)`,
    ],
    [
      "a holdout that leaves nobody",
      [["holdout: 10%", "holdout: 99.99%"]],
      `p.yaml:24:61: experiments[0].holdout_bp: expected at most 99%, so that somebody is treated by campaigns[0].experiment_id, got 99.99% (holdout_leaves_nobody)`,
    ],
    [
      "a group that a partner has to itself all the time",
      [["budget_id: banks}]", "budget_id: banks, exclusive: [{stacking_group: checkout}]}]"]],
      `p.yaml:16:21: campaigns[0].stacking_group: expected a group, or a schedule, that partners[0].exclusive[0] leave some time of, got "checkout" (campaign_never_runs)`,
    ],
    [
      "hours that do not come in its days",
      [
        inCampaign(
          "schedule: {starts: 2026-12-01, ends: 2026-12-03, weekly: [{days: [sunday], from: 08:00, to: 09:00}]}",
        ),
      ],
      `p.yaml:16:62: campaigns[0].schedule.weekly: expected hours between campaigns[0].schedule.starts_at_ms and campaigns[0].schedule.ends_at_ms, got "none of its hours" (campaign_never_runs)`,
    ],
    [
      "money that comes when it is over",
      [
        inCampaign("schedule: {ends: 2026-12-03}"),
        ["amount: 20000", "amount: 20000, pacing: {starts: 2026-12-04, ends: 2026-12-24}"],
      ],
      `p.yaml:16:22: campaigns[0].schedule.ends_at_ms: expected an end after 2026-12-04T00:00:00.000Z: before budgets[0].pacing.starts_at_ms its budget has nothing to spend, got 2026-12-04T00:00:00.000Z (campaign_never_runs)`,
    ],
    [
      "an experiment that begins when it is over",
      [inCampaign("schedule: {ends: 2026-12-03}"), ["holdout: 10%", "holdout: 10%, starts: 2026-12-05"]],
      `p.yaml:16:22: campaigns[0].schedule.ends_at_ms: expected an end after 2026-12-05T00:00:00.000Z: experiments[0].starts_at_ms enrols nobody before, got 2026-12-04T00:00:00.000Z (campaign_never_measured)`,
    ],
    [
      "an experiment that is over when it begins",
      [inCampaign("schedule: {starts: 2026-12-07}"), ["holdout: 10%", "holdout: 10%, ends: 2026-12-05"]],
      `p.yaml:16:24: campaigns[0].schedule.starts_at_ms: expected a start before 2026-12-06T00:00:00.000Z: experiments[0].ends_at_ms enrols nobody from then on, got 2026-12-07T00:00:00.000Z (campaign_never_measured)`,
    ],
    [
      "a holdout of all",
      [["holdout: 10%", "holdout: 100%"]],
      `p.yaml:24:61: experiments[0].holdout_bp: expected at most 99%, so that somebody is treated by campaigns[0].experiment_id, got 100% (out_of_range)`,
    ],
    [
      "free shipping with a bound after one without",
      [rung("{free_shipping: {maximum: 5}}")],
      `p.yaml:12:46: ${AT}.free_shipping.maximum.minor: expected nothing more of the kind: campaigns[0].ladder[0].incentive.free_shipping.maximum.minor has no bound, got 5.00 EUR (ladder_not_ascending)`,
    ],
    [
      "a gift worth less than the one before",
      [
        rung(
          "{gift: {product_id: a, worth: 10, cost: 5}}\n      - incentive: {gift: {product_id: b, worth: 8, cost: 4}}",
        ),
      ],
      `p.yaml:13:50: campaigns[0].ladder[2].incentive.gift.worth.minor: expected more than 10.00 EUR, as campaigns[0].ladder[1].incentive.gift.worth.minor has, got 8.00 EUR (ladder_not_ascending)`,
    ],
    [
      "a cashback that is never more than the one before",
      [
        rung(
          "{tiered_cashback: {tiers: [{cart_min: 50, cashback: 3%}, {cart_min: 90, cashback: 5%}]}}\n      - incentive: {tiered_cashback: {tiers: [{cart_min: 60, cashback: 3%}]}}",
        ),
      ],
      `p.yaml:13:72: campaigns[0].ladder[2].incentive.tiered_cashback.tiers[0].cashback_bp: expected more than 5%, as campaigns[0].ladder[1].incentive.tiered_cashback.tiers[0].cashback_bp has, got 3% (ladder_not_ascending)`,
    ],
    [
      "a cashback that falls",
      [rung("{tiered_cashback: {tiers: [{cart_min: 50, cashback: 5%}, {cart_min: 100, cashback: 3%}]}}")],
      `p.yaml:12:103: ${AT}.tiered_cashback.tiers[1].cashback_bp: expected at least 5%, as ${AT}.tiered_cashback.tiers[0].cashback_bp has: a larger cart would get less, got 3% (tiers_not_ascending)`,
    ],
    [
      "a markdown curve that gets shallower",
      [
        [
          "rules: {segment: everyone}",
          "dynamic: {shelf_life_max: 14d, markdown: [{left: 100%, depth_max: 30%}, {left: 0%, depth_max: 10%}]}",
        ],
      ],
      `p.yaml:9:99: campaigns[0].dynamic.markdown[1].depth_max_bp: expected at least 30%, as campaigns[0].dynamic.markdown[0].depth_max_bp has: it gets shallower as the shelf life runs out, got 10% (markdown_not_deepening)`,
    ],
    [
      "a ladder that goes down",
      [rung("{percent_off: {percent: 10%}}\n      - incentive: {percent_off: {percent: 8%}}")],
      `p.yaml:13:44: campaigns[0].ladder[2].incentive.percent_off.percent_bp: expected more than 10%, as campaigns[0].ladder[1].incentive.percent_off.percent_bp has, got 8% (ladder_not_ascending)`,
    ],
    [
      "amounts that go down",
      [rung("{amount_off: {amount: 10}}\n      - incentive: {amount_off: {amount: 9.50}}")],
      `p.yaml:13:42: campaigns[0].ladder[2].incentive.amount_off.amount.minor: expected more than 10.00 EUR, as campaigns[0].ladder[1].incentive.amount_off.amount.minor has, got 9.50 EUR (ladder_not_ascending)`,
    ],
    [
      "a floor above the price",
      [["floor_price: 60%", "floor_price: 101%"]],
      `p.yaml:18:16: guardrails.floor_price_bp: expected a percentage from 0% to 100%, got 101% (out_of_range)`,
    ],
    [
      "shares that are not all of it",
      [["merchant_share: 50%", "merchant_share: 40%"]],
      `p.yaml:23:67: partners[0].merchant_share_bp: expected 50%: with partners[0].partner_share_bp, 50%, 100 % together, got 40% (shares_not_whole)`,
    ],
    [
      "two partners who have a group to themselves at once",
      [
        [
          "budget_id: banks}]",
          "budget_id: banks, exclusive: [{stacking_group: checkout, ends: 2027-01-01}]}, {partner_id: b, partner_share: 0%, merchant_share: 100%, exclusive: [{stacking_group: checkout, ends: 2026-01-01}]}]",
        ],
      ],
      `p.yaml:23:219: partners[1].exclusive[0]: expected a time in which bank has not the group to itself, as by partners[0].exclusive[0], got "b" (windows_collide)`,
    ],
    [
      "a budget that is part of itself",
      [["amount: 20000", "amount: 20000, part_of: autumn"]],
      `p.yaml:26:49: budgets[0].part_of: expected a budget that is not part of this one, got "autumn → autumn" (budget_of_itself)`,
    ],
    [
      "a schedule that ends before it starts",
      [inCampaign("schedule: {starts: 2026-12-02, ends: 2026-11-30}")],
      `p.yaml:16:42: campaigns[0].schedule.ends_at_ms: expected an instant after campaigns[0].schedule.starts_at_ms, 2026-12-02T00:00:00.000Z, got 2026-12-01T00:00:00.000Z (ends_before_start)`,
    ],
    [
      "a horizon below the offer's life",
      [inCampaign("horizon: 6h")],
      `p.yaml:16:14: campaigns[0].horizon_ms: expected at least campaigns[0].offer_ttl_ms, 1d, got 6h (horizon_too_short)`,
    ],
    [
      "a markdown curve of nothing",
      [["rules: {segment: everyone}", "dynamic: {shelf_life_max: 14d, markdown: [{left: 100%, depth_max: 0%}]}"]],
      `p.yaml:9:71: campaigns[0].dynamic.markdown[0].depth_max_bp: expected more than 0%, here or at another point: else nothing of campaigns[0].ladder is ever given, got 0% (campaign_never_runs)`,
    ],
  ])("%s", (_name, edits, said) => {
    expect(saysOf(...edits)).toEqual([said]);
  });

  it("at every rung of a ladder of which nothing can be given", () => {
    const ladder = "{percent_off: {percent: 50%}}\n      - incentive: {percent_off: {percent: 60%}}";
    const says = saysOf(["{free_shipping: {}}", ladder], [`      - incentive: ${RUNG}\n`, ""]);
    expect(says.map((said) => said.split(":", 2).join(":"))).toEqual(["p.yaml:11", "p.yaml:12"]);
  });

  it("but not where it is only compared with", () => {
    const document = edited([
      rung("{percent_off: {percent: 90%}}"),
      ['expression: "true"', "expression: context.hour > 24"],
    ]);
    expect(checkPolicyDocument(document).ok).toBe(false);
    expect(checkPolicyDocument(document, { standing: "on_log" }).ok).toBe(true);
  });

  it("and taken with a notice of what is seldom meant", () => {
    const nobody = rung("{partner_exclusive: {partner_id: bnak, amount: 5.00}}");
    expect(notesOf(nobody, inCampaign("breaker: {margin_min: 4%, period: day}"))).toEqual([
      `p.yaml:12:53: ${AT}.partner_exclusive.partner_id: expected a partner, perhaps bank, got "bnak" (unknown_partner)`,
      `p.yaml:16:27: campaigns[0].breaker.margin_min_bp: expected more than guardrails.margin_floor_bp, 5%, below which no order under this version is, or a margin_max_bp, got 4% (breaker_below_floor)`,
    ]);
  });

  it("together with names that nothing has, and expressions that are wrong", () => {
    const says = saysOf(
      ["segment: everyone", "segment: everyon"],
      ['expression: "true"', "expression: context.hour > 24"],
      ["max_discount: 30%", "max_discount: 3%"],
      rung("{percent_off: {percent: 10%}}"),
    );
    expect(says.map((said) => said.replace(/.*\(/, "("))).toEqual([
      "(expression_out_of_range)",
      "(unknown_segment)",
      "(rung_never_admitted)",
    ]);
  });

  it("and taken with a notice of what is less on some carts, at some age, or after some time", () => {
    const notes = (...edits: readonly Edit[]) => notesOf(...edits).join("\n");
    expect(
      notes(
        rung(
          "{percent_off: {percent: 5%, maximum: 40}}\n      - incentive: {percent_off: {percent: 10%, maximum: 20}}",
        ),
      ),
    ).toBe(
      "p.yaml:13:58: campaigns[0].ladder[2].incentive.percent_off.maximum.minor: expected at least what campaigns[0].ladder[1].incentive.percent_off.maximum has, 40.00 EUR: on large carts the rung is less than that one, got 20.00 EUR (ladder_not_ascending)",
    );
    expect(notes(rung("{percent_off: {percent: 10%}}\n      - incentive: {percent_off: {percent: 20%}}"))).toBe(
      "p.yaml:12:34: campaigns[0].ladder[1].incentive.percent_off.maximum: expected a maximum, which is then held: without one a larger cart gets no more than the first, for which it was issued, got nothing (maximum_missing)",
    );
    const tiers = "[{cart_min: 50, cashback: 3%}, {cart_min: 100, cashback: 5%}, {cart_min: 200, cashback: 4%}]";
    expect(notes(rung(`{tiered_cashback: {tiers: ${tiers}}}`))).toContain("(tiers_not_ascending)");
    const curve = "[{left: 100%, depth_max: 10%}, {left: 50%, depth_max: 30%}, {left: 0%, depth_max: 20%}]";
    const dynamic = `dynamic: {shelf_life_max: 14d, markdown: ${curve}}`;
    expect(notes(["rules: {segment: everyone}", dynamic])).toContain("(markdown_not_deepening)");
    expect(notes(["holdout: 10%", "holdout: 10%, ends: 2026-12-05"])).toBe(
      "p.yaml:24:72: experiments[0].ends_at_ms: expected an end not before that of campaigns[0], which has no end: what it gives from then on is not measured, got 2026-12-06T00:00:00.000Z (experiment_ends_first)",
    );
    const until = (day: string) =>
      notes(["holdout: 10%", "holdout: 10%, ends: 2026-12-05"], inCampaign(`schedule: {ends: ${day}}`));
    expect(until("2026-12-06")).toContain("experiment_ends_first");
    expect(until("2026-12-05")).toBe("");
  });

  it.each<readonly [string, readonly Edit[]]>([
    [
      "a gift worth less that smaller carts get, too",
      [
        rung(
          "{gift: {product_id: a, worth: 10, cost: 5, cart_min: 50}}\n      - incentive: {gift: {product_id: b, worth: 8, cost: 4}}",
        ),
      ],
    ],
    [
      "cashback that is more on some carts",
      [
        rung(
          "{tiered_cashback: {tiers: [{cart_min: 50, cashback: 5%}]}}\n      - incentive: {tiered_cashback: {tiers: [{cart_min: 20, cashback: 3%}]}}",
        ),
      ],
    ],
    ["a share of just as much", [rung("{percent_off: {percent: 30%}}")]],
    ["a share that its maximum makes less of", [rung("{percent_off: {percent: 90%, maximum: 5.00}}")]],
    ["the cheapest unit for nothing", [rung("{percent_off: {percent: 100%, scope: {cheapest: 1}}}")]],
    ["sets", [rung("{buy_x_get_y: {buy: 2, get: 1}}")]],
    ["an amount", [rung("{amount_off: {amount: 500.00}}")]],
    [
      "a share of some goods beside a maximum of the cart",
      [rung("{percent_off: {percent: 20%, scope: {categories: [coats]}}}"), limits("cart_max_discount: 5%")],
    ],
    [
      "a share of goods that are not all bound",
      [
        rung("{percent_off: {percent: 20%, scope: {categories: [coats, hats]}}}"),
        limits("goods_limits: [{categories: [coats], max_discount: 10%}]"),
      ],
    ],
    ["a share beside a limit of its worth", [rung("{percent_off: {percent: 20%}}"), limits("incentive_max: 5.00")]],
    ["a partner's amount of nobody", [rung("{partner_exclusive: {partner_id: bnak, amount: 5.00}}")]],
    ["a share of a little more", [rung("{percent_off: {percent: 30.99%}}")]],
    ["a breaker below the floor", [inCampaign("breaker: {margin_min: 4%, period: day}")]],
    ["a breaker with the floor below its band", [inCampaign("breaker: {margin_min: 6%, period: day}")]],
    ["a breaker with the floor in its band", [inCampaign("breaker: {margin_min: 5%, margin_max: 60%, period: day}")]],
    ["a holdout of almost all", [["holdout: 10%", "holdout: 99%"]]],
  ])("and takes %s", (_name, edits) => {
    expect(saysOf(...edits)).toEqual([]);
  });
});
