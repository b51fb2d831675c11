import { FLASH_SALE_DAYS } from "./pacing-year.js";

/** How a year's budget was spent. */
export interface YearCurve {
  /** Spent by the end of each day, minor units. */
  readonly spentByDay: readonly number[];
  /** Shadow price at the end of each day, basis points. */
  readonly priceByDay: readonly number[];
}

/** What the picture shows. */
export interface PacingYear {
  readonly amountMinor: number;
  readonly paced: YearCurve;
  readonly limited: YearCurve;
}

const WIDTH = 720;
const SPENT = { top: 40, height: 260 };
const PRICE = { top: 350, height: 90 };
const LEFT = 60;
const RIGHT = 20;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A picture of both ways of spending beside the plan, and below it of the shadow price, as SVG. */
export function pacingPicture({ amountMinor, paced, limited }: PacingYear): string {
  const spent = (share: number) => SPENT.top + SPENT.height * (1 - share);
  const priceMax = Math.max(...paced.priceByDay, 1);
  const price = (bp: number) => PRICE.top + PRICE.height * (1 - bp / priceMax);
  const sale = { from: xOf(FLASH_SALE_DAYS.first), to: xOf(FLASH_SALE_DAYS.last + 1) };
  const line = (values: readonly number[], yOf: (value: number) => number, style: string) =>
    `<polyline fill="none" ${style} points="${values.map((value, day) => `${xOf(day + 1)},${yOf(value).toFixed(1)}`).join(" ")}"/>`;
  const spentLine = ({ spentByDay }: YearCurve, style: string) =>
    line(spentByDay, (minor) => spent(minor / amountMinor), style);
  const text = (x: number, y: number, words: string, more = "") =>
    `<text x="${x}" y="${y.toFixed(1)}" ${more}>${words}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 480" font-family="sans-serif" font-size="12" fill="#333">`,
    `<title>A year's budget: spent by a plan with and without a shadow price that follows it</title>`,
    `<rect width="${WIDTH}" height="480" fill="#fff"/>`,
    `<rect x="${sale.from}" y="${SPENT.top}" width="${(Number(sale.to) - Number(sale.from)).toFixed(1)}" height="${PRICE.top + PRICE.height - SPENT.top}" fill="#fde9c9"/>`,
    text(LEFT, 22, "Spent of a year's budget", 'font-weight="bold"'),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${spent(share)}" y2="${spent(share)}" stroke="#ddd"/>`,
      text(LEFT - 6, spent(share) + 4, `${share * 100} %`, 'text-anchor="end"'),
    ]),
    `<line x1="${xOf(0)}" y1="${spent(0)}" x2="${xOf(365)}" y2="${spent(1)}" stroke="#888" stroke-dasharray="4 4"/>`,
    spentLine(limited, 'stroke="#c0392b" stroke-width="1.5"'),
    spentLine(paced, 'stroke="#1f6feb" stroke-width="2"'),
    text(LEFT + 12, SPENT.top + 18, "the plan", 'fill="#888"'),
    text(LEFT + 12, SPENT.top + 34, "with the shadow price that follows it", 'fill="#1f6feb"'),
    text(LEFT + 12, SPENT.top + 50, "by the plan's limit alone", 'fill="#c0392b"'),
    text(Number(sale.from) - 4, SPENT.top + 18, "flash sale", 'text-anchor="end"'),
    text(LEFT, PRICE.top - 12, "What a unit of it is worth elsewhere", 'font-weight="bold"'),
    ...[0, priceMax].map((bp) => text(LEFT - 6, price(bp) + 4, (bp / 10_000).toFixed(1), 'text-anchor="end"')),
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${price(0)}" y2="${price(0)}" stroke="#ddd"/>`,
    line(paced.priceByDay, price, 'stroke="#1f6feb" stroke-width="1.2"'),
    ...MONTHS.map((month, place) => text(Number(xOf((place + 0.5) * (365 / 12))), 466, month, 'text-anchor="middle"')),
    `</svg>`,
    "",
  ].join("\n");
}

function xOf(day: number): string {
  return (LEFT + ((WIDTH - LEFT - RIGHT) * day) / 365).toFixed(1);
}
