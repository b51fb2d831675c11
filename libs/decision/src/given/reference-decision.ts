import type { CatalogRow, CartLine, Incentive, Scope } from "@leastwise/offers";
import { NORMAL_QUANTILES } from "../model/normal-quantiles.js";
import type { FormatResponse, ResponseModel } from "../model/response-model.js";
import type { Campaign, Guardrails } from "../policy/policy.js";
import type { Grant } from "../state/decision-state.js";

/**
 * The decision once more, slowly and as the documents say it, for what most policies have: rules, all rungs on their own, no other offers in the cart, nothing
 * held. It shares no step with the decision: amounts are exact fractions, each split is made and each draw of the posterior is looked at. What the fast one leaves
 * out because it cannot matter is here asked all the same.
 */
export interface Scene {
  readonly campaigns: readonly Campaign[];
  /** Whether a segment holds. */
  readonly holds: (segment: string) => boolean;
  readonly guardrails: Guardrails;
  readonly lines: readonly CartLine[];
  readonly rows: readonly (CatalogRow | undefined)[];
  readonly shippingMinor: number;
  readonly model: ResponseModel;
  /** Features that may be looked at; what is absent has no key. */
  readonly features: Readonly<Record<string, number>>;
  /** Whether what was given before may be looked at for what it taught. */
  readonly isPersonal: boolean;
  readonly leases: Readonly<Record<string, { readonly remainingMinor: number; readonly shadowPriceBp: number }>>;
  readonly history: readonly Grant[];
  /** When the shopper ordered. */
  readonly orders: readonly number[];
  readonly cartDigest: string;
  readonly nowMs: number;
  readonly stopped: boolean;
  readonly explorationSpentMinor: Readonly<Record<string, number>>;
  readonly decisionsPerRung: Readonly<Record<string, readonly number[]>>;
}

/** A rung as the reference sees it. */
export interface ReferenceRung {
  readonly campaignId: string;
  readonly rung: number;
  readonly worthMinor: number;
  readonly worstMinor: number;
  readonly expectedCost: number;
  readonly conversion: number;
  readonly value: number;
  readonly evidence: number;
  readonly blockedBy: string;
  readonly campaign: Campaign;
}

/** What the reference decides. */
export interface ReferenceDecision {
  readonly conversion: number;
  /** What the shopper is owed; undefined: nothing. */
  readonly owed: { readonly campaignId: string; readonly worthMinor: number } | undefined;
  /** By cost. */
  readonly rungs: readonly ReferenceRung[];
  /** Rung of the exploit choice; undefined: none. */
  readonly exploit: ReferenceRung | undefined;
  /** Weights of rung 0 and of the admissible rungs, by cost. */
  readonly weights: readonly number[];
}

const DAY_MS = 86_400_000;
const TWO_32 = 2 ** 32;

export function referenceDecision(scene: Scene): ReferenceDecision {
  const applying = scene.campaigns
    .toSorted((a, b) => b.priority - a.priority || (a.campaignId < b.campaignId ? -1 : 1))
    .filter(({ approach }) => approach?.kind === "rules" && scene.holds(approach.segment));
  const owed = owedOf(scene, applying);
  const logit = logitOf(scene);
  const baseline = logistic(logit.mean);
  const asked = applying
    .filter(({ kind }) => kind === "incentive")
    .flatMap((campaign, place) =>
      campaign.ladder.map(({ incentive }, index) => ({
        campaign,
        place,
        rung: index + 1,
        incentive: given(incentive),
      })),
    )
    .map((rung) => responded(scene, rung, owed, logit));
  const valuedAt = (worthOf: (campaign: Campaign) => number, some = asked): ReferenceRung[] =>
    some
      .map((rung) => valued(rung, worthOf(rung.campaign)))
      .toSorted(
        (a, b) =>
          a.expectedCost - b.expectedCost || a.worstMinor - b.worstMinor || a.place - b.place || a.rung - b.rung,
      );
  const worthOf = (campaign: Campaign): number => {
    const own = asked.filter((rung) => rung.campaign === campaign && rung.blockedBy === "");
    const at = (worth: number): number => choiceOf(valuedAt(() => worth, own))?.conversion ?? baseline;
    return targetWorth(campaign, at) ?? marginOf(scene);
  };
  const worths = new Map(applying.map((campaign) => [campaign, worthOf(campaign)]));
  const rungs = valuedAt((campaign) => given(worths.get(campaign)));
  const admissible = rungs.filter(({ blockedBy }) => blockedBy === "");
  const exploit = choiceOf(admissible);
  const owedCost = owed === undefined ? 0 : Math.round(baseline * owed.expected);
  const weights = weightsOf(scene, admissible, exploit, owedCost);
  return {
    conversion: baseline,
    owed: owed && { campaignId: owed.campaign.campaignId, worthMinor: owed.worthMinor },
    rungs,
    exploit,
    weights,
  };
}

/** A rung with what it would do and what it would cost. */
function responded(
  scene: Scene,
  { campaign, place, rung, incentive }: { campaign: Campaign; place: number; rung: number; incentive: Incentive },
  owed: ReturnType<typeof owedOf>,
  logit: ReturnType<typeof logitOf>,
) {
  const gift = giftOf(scene, incentive);
  const [worthMinor, expected] = [gift?.worth ?? 0, gift?.expected ?? 0];
  const effect = effectOf(scene, incentive, Math.max(0, worthMinor - (owed?.worthMinor ?? 0)));
  const baseline = logistic(logit.mean);
  const conversion = effect.none * baseline + (1 - effect.none) * logistic(logit.mean + effect.shift);
  const charge = chargeOf(scene, campaign, expected, worthMinor);
  const owedCharge =
    owed === undefined ? 0 : Math.min(charge, chargeOf(scene, owed.campaign, owed.expected, owed.worthMinor));
  const blockedBy = blockOf(scene, { campaign, gift, incentive, owedMinor: owed?.worthMinor });
  return {
    ...{ campaignId: campaign.campaignId, rung, worthMinor, conversion, blockedBy, campaign, place },
    worstMinor: gift === undefined ? 0 : worstOf(incentive, gift.cost),
    expectedCost: conversion * expected,
    ...{ baseline, logit, effect, charge, owedCharge },
  };
}

/** The same with what it is worth, where an order counts for so much. */
function valued(rung: ReturnType<typeof responded>, orderMinor: number): ReferenceRung & { readonly place: number } {
  const { logit, effect, charge, owedCharge } = rung;
  const worthIf = (without: number, withIt: number): number =>
    withIt * (orderMinor - charge) - without * (orderMinor - owedCharge);
  const draws = NORMAL_QUANTILES.filter((z) => {
    const without = logit.mean - logit.sd * z;
    return worthIf(logistic(without), logistic(without + Math.max(0, effect.shift + effect.sd * z))) > 0;
  });
  return {
    ...rung,
    value: worthIf(rung.baseline, rung.conversion),
    evidence: rung.blockedBy === "" ? ((1 - effect.none) * draws.length) / NORMAL_QUANTILES.length : 0,
  };
}

/** The least that an order may count for so that the choice reaches the campaign's rate; undefined without a rate, and where none does. */
function targetWorth({ objective }: Campaign, conversionAt: (worth: number) => number): number | undefined {
  const goal = objective?.goal;
  if (goal?.kind !== "target_conversion") return undefined;
  const reaches = (worth: number): boolean => conversionAt(worth) >= goal.conversionBp / 10_000;
  const ceiling = goal.costPerOrderMax?.minor ?? 0;
  const steps = Array.from({ length: 16 }, (_, i) => Math.floor((ceiling * (16 - i)) / 16));
  let [least, most] = [0, steps.find(reaches)];
  if (most === undefined) return undefined;
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (reaches(middle)) most = middle;
    else least = middle + 1;
  }
  return least;
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is there");
  return value;
}

// What an incentive gives

interface GiftOnCart {
  readonly worth: number;
  /** Off each line. */
  readonly shares: readonly number[];
  readonly cost: number;
  readonly expected: number;
}

function giftOf(scene: Scene, incentive: Incentive): GiftOnCart | undefined {
  switch (incentive.kind) {
    case "percent_off": {
      const reach = reachOf(scene, incentive.scope);
      const wish = halfEven(BigInt(sum(reach)) * BigInt(incentive.percentBp), 10_000n);
      return offGoods(reach, Math.min(wish, incentive.maximum?.minor ?? wish));
    }
    case "amount_off": {
      const reach = reachOf(scene, incentive.scope);
      if (sum(reach) < (incentive.cartMin?.minor ?? 0)) return undefined;
      return offGoods(reach, Math.min(incentive.amount.minor, sum(reach)));
    }
    case "free_shipping": {
      const minor = Math.min(scene.shippingMinor, incentive.maximum?.minor ?? scene.shippingMinor);
      return minor === 0 ? undefined : { worth: minor, shares: scene.lines.map(() => 0), cost: minor, expected: minor };
    }
    case "loyalty_credit": {
      const { minor } = incentive.amount;
      const unspent = Math.floor((minor * (incentive.breakageBp ?? 0)) / 10_000);
      return { worth: minor, shares: scene.lines.map(() => 0), cost: minor, expected: minor - unspent };
    }
    default:
      throw new Error(`the reference knows no ${incentive.kind}`);
  }
}

function offGoods(reach: readonly number[], minor: number): GiftOnCart | undefined {
  if (minor <= 0) return undefined;
  return { worth: minor, shares: largestRemainder(minor, reach), cost: minor, expected: minor };
}

/** What each line costs that is in scope and not excluded. */
function reachOf({ lines, rows, guardrails }: Scene, scope: Scope | undefined): number[] {
  return lines.map((line, at) => {
    const row = rows[at];
    const isExcluded = limitsOf(guardrails, line, row).some(({ excluded }) => excluded);
    return isExcluded || (scope !== undefined && !isNamed(scope, line, row)) ? 0 : amountOf(line);
  });
}

function isNamed(
  scope: Pick<Scope, "productIds" | "categories" | "brands">,
  line: CartLine,
  row: CatalogRow | undefined,
): boolean {
  const all = [...scope.productIds, ...scope.categories, ...scope.brands];
  return (
    all.length === 0 ||
    scope.productIds.includes(line.productId) ||
    scope.categories.includes(row?.category ?? "\0") ||
    scope.brands.includes(row?.brand ?? "\0")
  );
}

function largestRemainder(total: number, parts: readonly number[]): number[] {
  const whole = BigInt(sum(parts));
  const exact = parts.map((part) => BigInt(total) * BigInt(part));
  const shares = exact.map((part) => Number(part / whole));
  const order = exact
    .map((part, at) => ({ at, rest: part % whole }))
    .toSorted((a, b) => (a.rest === b.rest ? a.at - b.at : a.rest > b.rest ? -1 : 1));
  for (const { at } of order.slice(0, total - sum(shares))) shares[at] = (shares[at] ?? 0) + 1;
  return shares;
}

function worstOf(incentive: Incentive, cost: number): number {
  if (incentive.kind === "percent_off" || incentive.kind === "free_shipping")
    return Math.max(cost, incentive.maximum?.minor ?? 0);
  return incentive.kind === "amount_off" || incentive.kind === "loyalty_credit"
    ? Math.max(cost, incentive.amount.minor)
    : cost;
}

// What blocks it

interface Asked {
  readonly campaign: Campaign;
  readonly gift: GiftOnCart | undefined;
  readonly incentive: Incentive;
  readonly owedMinor: number | undefined;
}

function blockOf(scene: Scene, { campaign, gift, incentive, owedMinor }: Asked): string {
  if (gift === undefined) {
    const goodsLimits = scene.guardrails.goodsLimits.map((limit) => ({ ...limit, excluded: false }));
    const isExcluded = giftOf({ ...scene, guardrails: { ...scene.guardrails, goodsLimits } }, incentive) !== undefined;
    return isExcluded ? "guardrail_excluded_goods" : "incentive_not_applicable";
  }
  if (owedMinor !== undefined && gift.worth < owedMinor) return "below_entitlement";
  const before = scene.history.findLast(
    ({ cartDigest, atMs, campaignId }) =>
      cartDigest === scene.cartDigest && atMs > scene.nowMs - DAY_MS && !isEntitlement(scene, campaignId),
  );
  if (before !== undefined && gift.worth > before.faceValueMinor) return "deeper_than_before";
  if (isEscalation(scene, gift.worth)) return "deeper_than_before";
  if (scene.stopped) return "kill_switch";
  const broken = brokenOnCart(scene, campaign, gift);
  if (broken !== "") return broken;
  const worst = worstOf(incentive, gift.cost);
  if (isTooMuch(scene, worst)) return "guardrail_subject_max";
  const { guardrails, history, nowMs } = scene;
  const others = history.filter(({ campaignId }) => !isEntitlement(scene, campaignId));
  const isOften =
    isCapped(
      campaign.frequencyCaps,
      history.filter(({ campaignId }) => campaignId === campaign.campaignId),
      nowMs,
    ) || isCapped(guardrails.frequencyCaps, others, nowMs);
  if (isOften) return "frequency_cap";
  if (others.some(({ atMs }) => nowMs - atMs < guardrails.coolDownMs)) return "cool_down";
  return budgetBlock(scene, campaign, worst);
}

/** More, and a larger share of the goods, than any incentive of the last days that was not followed by an order. */
function isEscalation(scene: Scene, worth: number): boolean {
  const { noEscalationMs = 14 * DAY_MS } = scene.guardrails;
  const goods = sum(scene.lines.map((line) => listOf(line) - (line.discountMinor ?? 0)));
  const depthBp = goods === 0 ? 0 : halfEven(BigInt(worth) * 10_000n, BigInt(goods));
  return scene.history.some((given) => {
    const wasBought =
      scene.orders.some((at) => at >= given.atMs) ||
      scene.history.some((other) => other.ended && other.costMinor > 0 && other.atMs >= given.atMs);
    if (isEntitlement(scene, given.campaignId) || scene.nowMs - given.atMs >= noEscalationMs || wasBought) return false;
    return given.depthBp !== undefined && worth > given.faceValueMinor && depthBp > given.depthBp;
  });
}

function budgetBlock({ leases }: Scene, { budgetId }: Campaign, worst: number): string {
  const lease = leases[budgetId];
  if (lease === undefined) return "budget_unknown";
  return lease.remainingMinor < worst ? "budget_exhausted" : "";
}

function isTooMuch({ guardrails, history, nowMs }: Scene, worst: number): boolean {
  const { perSubjectMax, perSubjectPeriodMs = 0 } = guardrails;
  const within = history.filter(({ atMs }) => nowMs - atMs < perSubjectPeriodMs);
  return perSubjectMax !== undefined && sum(within.map(({ costMinor }) => costMinor)) + worst > perSubjectMax.minor;
}

function isCapped(caps: Campaign["frequencyCaps"], grants: readonly Grant[], nowMs: number): boolean {
  return caps.some(
    ({ offersMax, periodMs }) => grants.filter(({ atMs }) => nowMs - atMs < periodMs).length >= offersMax,
  );
}

function isEntitlement({ campaigns }: Scene, campaignId: string): boolean {
  return campaigns.some((campaign) => campaign.campaignId === campaignId && campaign.kind === "entitlement");
}

function brokenOnCart(scene: Scene, campaign: Campaign, { shares, worth, cost }: GiftOnCart): string {
  const { lines, rows, guardrails } = scene;
  const given = lines.flatMap((line, at) => {
    const off = shares[at] ?? 0;
    return off === 0 ? [] : [{ line, row: rows[at], off: off + (line.discountMinor ?? 0), list: listOf(line) }];
  });
  const isBelowFloor = given.some(({ line, row, off, list }) => {
    const floors = limitsOf(guardrails, line, row).map(({ floorPriceBp }) => floorPriceBp ?? 0);
    const floor = Math.max(
      down(list, Math.max(guardrails.floorPriceBp, ...floors)),
      (row?.floorPriceMinor ?? 0) * line.quantity,
    );
    return list - off < floor;
  });
  if (isBelowFloor) return "guardrail_floor_price";
  const isTooDeep = given.some(({ line, row, off, list }) => {
    const most = limitsOf(guardrails, line, row).map(({ maxDiscountBp }) => maxDiscountBp ?? 10_000);
    return off > up(list, Math.min(guardrails.maxDiscountBp, row?.maxDiscountBp ?? 10_000, ...most));
  });
  if (isTooDeep) return "guardrail_max_discount";
  const list = sum(lines.map(listOf));
  const discount = sum(lines.map(({ discountMinor = 0 }) => discountMinor));
  const offAll = discount + sum(shares);
  const { cartMaxDiscountBp, incentiveMax, marginFloorBp } = guardrails;
  if (sum(shares) > 0 && cartMaxDiscountBp !== undefined && offAll > up(list, cartMaxDiscountBp))
    return "guardrail_cart_max_discount";
  if (incentiveMax !== undefined && worth > incentiveMax.minor) return "guardrail_incentive_max";
  const paid = list - offAll;
  const margin = paid - sum(lines.map((line, at) => costOf(scene, line, rows[at]))) - (cost - sum(shares));
  return margin * 10_000 < paid * (campaign.marginFloorBp ?? marginFloorBp) ? "guardrail_margin_floor" : "";
}

function limitsOf({ goodsLimits }: Guardrails, line: CartLine, row: CatalogRow | undefined) {
  return goodsLimits.filter((limit) => isNamed(limit, line, row));
}

/** The entitlement worth most, at the highest of its rungs that may be given. */
function owedOf(scene: Scene, applying: readonly Campaign[]) {
  const { history, nowMs } = scene;
  let best: { campaign: Campaign; worthMinor: number; expected: number } | undefined;
  for (const campaign of applying.filter(({ kind }) => kind === "entitlement")) {
    if (
      isCapped(
        campaign.frequencyCaps,
        history.filter(({ campaignId }) => campaignId === campaign.campaignId),
        nowMs,
      )
    )
      continue;
    const rung = campaign.ladder
      .toReversed()
      .map(({ incentive }) => ({ incentive: given(incentive), gift: giftOf(scene, given(incentive)) }))
      .find(({ incentive, gift }) => {
        if (gift === undefined || scene.stopped || brokenOnCart(scene, campaign, gift) !== "") return false;
        const worst = worstOf(incentive, gift.cost);
        return !isTooMuch(scene, worst) && budgetBlock(scene, campaign, worst) === "";
      });
    const { worth: worthMinor = 0, expected = 0 } = rung?.gift ?? {};
    if (rung !== undefined && worthMinor > (best?.worthMinor ?? -1)) best = { campaign, worthMinor, expected };
  }
  return best;
}

// What it does, and what it is worth

function logitOf({ model, features }: Scene): { readonly mean: number; readonly sd: number } {
  const terms = model.baseline.flatMap(({ feature, mean, sd, min, max }) => {
    let value = feature === "intercept" ? 1 : features[feature];
    if (value !== undefined && min !== undefined && value < min) value = min;
    if (value !== undefined && max !== undefined && value > max) value = max;
    return value === undefined ? [] : [{ mean: mean * value, variance: (sd * value) ** 2 }];
  });
  return { mean: sum(terms.map(({ mean }) => mean)), sd: Math.sqrt(sum(terms.map(({ variance }) => variance))) };
}

function effectOf({ model, lines }: Scene, { kind }: Incentive, gainedMinor: number) {
  const response: FormatResponse | undefined = model.formats.find(({ format }) => format === kind);
  if (response === undefined) return { none: 1, shift: 0, sd: 0 };
  const goods = sum(lines.map(amountOf));
  const depthBp = goods === 0 ? 0 : halfEven(BigInt(gainedMinor) * 10_000n, BigInt(goods));
  const curve = Math.log1p(depthBp / response.depthScaleBp);
  return { none: response.nullProbability, shift: response.slopeMean * curve, sd: response.slopeSd * curve };
}

/** What it takes, what it teaches, and what the money would be worth elsewhere. */
function chargeOf(scene: Scene, { budgetId }: Campaign, expected: number, worthMinor: number): number {
  return (
    expected * (1 + taughtBy(scene, worthMinor)) + expected * ((scene.leases[budgetId]?.shadowPriceBp ?? 0) / 10_000)
  );
}

/** 2 % and three tenths of the depth; twice that just after something was given, and half as much more after each 30 days. */
function taughtBy(scene: Scene, worthMinor: number): number {
  const goods = sum(scene.lines.map(amountOf));
  const depthBp = goods === 0 ? 0 : Math.min(10_000, halfEven(BigInt(worthMinor) * 10_000n, BigInt(goods)));
  const given = scene.history.filter(({ campaignId }) => !isEntitlement(scene, campaignId));
  const newest = scene.isPersonal && given.length > 0 ? Math.max(...given.map(({ atMs }) => atMs)) : -Infinity;
  return (0.02 + 0.3 * (depthBp / 10_000)) * (1 + 0.5 ** ((scene.nowMs - newest) / (30 * DAY_MS)));
}

function marginOf(scene: Scene): number {
  return sum(scene.lines.map((line, at) => amountOf(line) - costOf(scene, line, scene.rows[at])));
}

function costOf({ guardrails }: Scene, line: CartLine, row: CatalogRow | undefined): number {
  if (row?.unitCostMinor !== undefined) return row.unitCostMinor * line.quantity;
  return halfEven(BigInt(listOf(line)) * BigInt(10_000 - guardrails.assumedMarginBp), 10_000n);
}

// Choice and chance

/** Of the good ones the cheapest, if enough speaks for it; else the same among those that are cheaper. */
function choiceOf(rungs: readonly ReferenceRung[]): ReferenceRung | undefined {
  const best = rungs.reduce<ReferenceRung | undefined>(
    (most, rung) => (rung.value > Math.max(0, most?.value ?? 0) ? rung : most),
    undefined,
  );
  if (best === undefined) return undefined;
  const { toleranceBp = 200 } = best.campaign.objective ?? {};
  const good = best.value - Math.max(1, (best.value * toleranceBp) / 10_000);
  const cheapest = good <= 0 ? undefined : rungs.find(({ value }) => value >= good);
  if (cheapest === undefined) return undefined;
  const { evidenceBp = 8_000 } = cheapest.campaign.objective ?? {};
  if (cheapest.evidence * 10_000 >= evidenceBp) return cheapest;
  return choiceOf(rungs.slice(0, rungs.indexOf(cheapest)));
}

function weightsOf(
  scene: Scene,
  rungs: readonly ReferenceRung[],
  exploit: ReferenceRung | undefined,
  owedCost: number,
): readonly number[] {
  const chosen = exploit === undefined ? -1 : rungs.indexOf(exploit);
  const best = exploit ?? { value: 0, expectedCost: owedCost };
  const mayTry = rungs.map((rung, at) => {
    const { campaignId, campaign } = rung;
    const budget = campaign.exploration?.budget?.minor ?? 0;
    const left = budget === 0 ? -1 : budget - (scene.explorationSpentMinor[campaignId] ?? 0);
    const givenUp = Math.max(0, recorded(best.value) - recorded(rung.value));
    const spent = Math.max(0, Math.round(rung.expectedCost) - Math.round(best.expectedCost));
    return at <= chosen || Math.ceil(givenUp + spent) <= left;
  });
  const isCold = rungs.map(({ campaignId, campaign }, at) => {
    const wanted = campaign.exploration?.coldStartDecisionsPerRung ?? 400;
    const counts = scene.decisionsPerRung[campaignId] ?? [];
    const asked = [0, ...rungs.filter((rung) => rung.campaignId === campaignId).map(({ rung }) => rung)];
    return mayTry[at] === true && wanted > 0 && asked.some((rung) => (counts[rung] ?? 0) < wanted);
  });
  const anchor = exploit === undefined || isCold[chosen] === true ? 0 : chosen + 1;
  const floorOf = ({ exploration }: Campaign): number => exploration?.floorBp ?? 100;
  const floors = [
    exploit === undefined ? 0 : floorOf(exploit.campaign),
    ...rungs.map(({ campaign }, at) => (mayTry[at] === true ? floorOf(campaign) : 0)),
  ];
  floors[anchor] = 0;
  const scale = sum(floors) > 5_000 ? 5_000 / sum(floors) : 1;
  const inverse = rungs.map(({ expectedCost }, at) => (isCold[at] === true ? 1 / Math.max(1, expectedCost) : 0));
  const shares = [
    0,
    ...inverse.map((part) => (part === 0 ? 0 : Math.floor(((TWO_32 / 10_000) * 3_000 * part) / sum(inverse)))),
  ];
  const bears = rungs.map((rung) => {
    const left = (rung.campaign.exploration?.budget?.minor ?? 0) - (scene.explorationSpentMinor[rung.campaignId] ?? 0);
    const givenUp = Math.max(0, recorded(best.value) - recorded(rung.value));
    const spent = Math.max(0, Math.round(rung.expectedCost) - Math.round(best.expectedCost));
    return Math.ceil(givenUp + spent) <= left;
  });
  const curated = [
    0,
    ...rungs.map(({ campaignId, campaign }, at) => {
      const isFirst = !rungs
        .slice(0, at)
        .some((other, place) => other.campaignId === campaignId && bears[place] === true);
      const shareBp = bears[at] === true && isFirst ? (campaign.exploration?.curatedBp ?? 0) : 0;
      return Math.floor((TWO_32 / 10_000) * shareBp);
    }),
  ];
  const weights = floors.map((floor, at) =>
    at === anchor ? 0 : Math.max(Math.floor((TWO_32 / 10_000) * floor * scale), shares[at] ?? 0, curated[at] ?? 0),
  );
  weights[anchor] = TWO_32 - sum(weights);
  return weights;
}

function recorded(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

// Numbers

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function listOf({ quantity, unitPriceMinor }: CartLine): number {
  return quantity * unitPriceMinor;
}

function amountOf(line: CartLine): number {
  return listOf(line) - (line.discountMinor ?? 0);
}

function halfEven(dividend: bigint, divisor: bigint): number {
  const twice = 2n * (dividend % divisor);
  const whole = dividend / divisor;
  return Number(twice > divisor || (twice === divisor && whole % 2n === 1n) ? whole + 1n : whole);
}

function down(minor: number, bp: number): number {
  return Number((BigInt(minor) * BigInt(bp)) / 10_000n);
}

function up(minor: number, bp: number): number {
  return Number((BigInt(minor) * BigInt(bp) + 9_999n) / 10_000n);
}

function logistic(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
