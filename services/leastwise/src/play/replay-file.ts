import { openClickstream, type CartTracker, type Clickstream } from "@leastwise/testkit";
import { isCurrencyCode, sayRefusal, type CurrencyCode } from "@leastwise/vocabulary";
import { StartFailure } from "../host/start-failure.js";
import { segmentReader } from "./segment-reader.js";
import { byName } from "./summary.js";

/**
 * Reads a clickstream to replay.
 *
 * @param currency of a file that does not say
 * @throws StartFailure in words, where it cannot be read
 */
export async function openReplay(
  file: string,
  format: string | undefined,
  currency: CurrencyCode,
  say: (line: string) => void,
): Promise<Clickstream> {
  say(`Reading ${file}…`);
  const opened = await openClickstream({ path: file, format, currency, segmentToEvents: segmentReader(currency) });
  if (!opened.ok) throw new StartFailure(sayRefusal(opened.error));
  say(`${opened.value.total.toLocaleString("en")} events (${opened.value.format.name}).`);
  return opened.value;
}

/** The currency of a clickstream's first price; undefined if it has none. */
export async function currencyIn(stream: Clickstream): Promise<CurrencyCode | undefined> {
  for await (const { product, order } of stream.events) {
    const prices = [product?.unitPrice, order?.total, ...(order?.lines ?? []).map(({ unitPrice }) => unitPrice)];
    const currency = prices.find((price) => price !== undefined)?.currency;
    if (currency !== undefined && isCurrencyCode(currency)) return currency;
  }
  return undefined;
}

/** What the reader says of the file: rows by their own word, what was refused and remarked, carts that could not be asked for. */
export function fileCounts(
  { account }: Clickstream,
  carts: Pick<CartTracker, "skipped" | "linesWithoutPrice"> | undefined,
): Record<string, number> {
  return {
    rows: account.rows,
    ...byName(account.bySourceType),
    ...prefixed("refused: ", account.refused),
    ...byName(account.notes),
    ...prefixed("cart not asked for: ", carts?.skipped ?? new Map()),
    ...(carts === undefined || carts.linesWithoutPrice === 0
      ? {}
      : { "lines left out, without price": carts.linesWithoutPrice }),
  };
}

function prefixed(prefix: string, counts: ReadonlyMap<string, number>): Record<string, number> {
  return byName(new Map([...counts].map(([name, value]) => [`${prefix}${name}`, value])));
}
