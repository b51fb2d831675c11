import type { CompiledBreaker, RealisedMargin } from "@leastwise/decision";
import type { OrderMargin } from "@leastwise/offers";
import { DAY_MS } from "@leastwise/vocabulary";

/** No breaker counts further back than a month: what is older than this before the newest order of its campaign is forgotten. */
const KEPT_MS = 40 * DAY_MS;
/** So many orders are kept before the older ones are looked for. */
const FORGET_FROM = 1_024;

/** An order on which an offer of a campaign was used. */
interface Order extends OrderMargin {
  readonly atMs: number;
}

/** The orders of a campaign, and the sum that was last asked for. */
interface CampaignOrders {
  orders: Order[];
  newestMs: number;
  forgetAt: number;
  asked: { readonly fromMs: number; readonly sum: RealisedMargin };
}

const NOTHING: RealisedMargin = { orders: 0, paidMinor: 0, marginMinor: 0 };

/** What campaigns have brought in, order by order. A sum of orders: it does not matter in which order they come. */
export class MarginBook {
  readonly #campaigns = new Map<string, CampaignOrders>();

  /** An offer of the campaign was used on an order that brought in so much. */
  add(campaignId: string, atMs: number, { paidMinor, marginMinor }: OrderMargin): void {
    const order = { atMs, paidMinor, marginMinor };
    const campaign = this.#campaigns.get(campaignId) ?? newCampaign();
    this.#campaigns.set(campaignId, campaign);
    campaign.orders.push(order);
    campaign.newestMs = Math.max(campaign.newestMs, atMs);
    const { fromMs, sum } = campaign.asked;
    if (atMs >= fromMs) campaign.asked = { fromMs, sum: plus(sum, order) };
    if (campaign.orders.length >= campaign.forgetAt) forgetOld(campaign);
  }

  /** What the campaigns of these breakers have brought in since their breakers count, by campaign. */
  of(breakers: readonly CompiledBreaker[], nowMs: number): Readonly<Record<string, RealisedMargin>> {
    return Object.fromEntries(
      breakers.map(({ campaignId, countsFromMs }) => [campaignId, this.since(campaignId, countsFromMs(nowMs))]),
    );
  }

  /** What the campaign's orders from an instant on have brought in. */
  since(campaignId: string, fromMs: number): RealisedMargin {
    const campaign = this.#campaigns.get(campaignId);
    if (campaign === undefined) return NOTHING;
    if (campaign.asked.fromMs !== fromMs)
      campaign.asked = { fromMs, sum: campaign.orders.filter(({ atMs }) => atMs >= fromMs).reduce(plus, NOTHING) };
    return campaign.asked.sum;
  }
}

function newCampaign(): CampaignOrders {
  const asked = { fromMs: Number.POSITIVE_INFINITY, sum: NOTHING };
  return { orders: [], newestMs: Number.NEGATIVE_INFINITY, forgetAt: FORGET_FROM, asked };
}

function plus({ orders, paidMinor, marginMinor }: RealisedMargin, order: OrderMargin): RealisedMargin {
  return {
    orders: orders + 1,
    paidMinor: paidMinor + order.paidMinor,
    marginMinor: marginMinor + order.marginMinor,
  };
}

/** Looks again when as many as were kept have come since. */
function forgetOld(campaign: CampaignOrders): void {
  const { newestMs } = campaign;
  campaign.orders = campaign.orders.filter(({ atMs }) => atMs > newestMs - KEPT_MS);
  campaign.forgetAt = Math.max(FORGET_FROM, 2 * campaign.orders.length);
}
