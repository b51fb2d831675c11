import type { CurrencyCode } from "@leastwise/vocabulary";
import type { PostingBatch } from "./posting-batch.js";

/** What is on accounts: read only. */
export interface Balances {
  /** Minor units; 0 where nothing was posted. Negative: more left it than came, as of where money comes from. */
  balanceMinor(account: string, currency: CurrencyCode): number;
}

/** Balances as a fold of posting batches: the same batches make the same balances, in whatever order. Accounts that are at 0 take no room. */
export class Accounts implements Balances {
  readonly #balances = new Map<CurrencyCode, Map<string, number>>();

  /** Takes in a batch, all of it. @throws RangeError where a balance would get out of range; then nothing is taken in. */
  post({ currency, postings }: PostingBatch): void {
    const balances = this.#balances.get(currency) ?? new Map<string, number>();
    const next = new Map<string, number>();
    for (const { account, minor } of postings) {
      const balance = (next.get(account) ?? balances.get(account) ?? 0) + minor;
      if (!Number.isSafeInteger(balance))
        throw new RangeError(`balance of ${account} out of range: ${String(balance)}`);
      next.set(account, balance);
    }
    for (const [account, balance] of next) {
      if (balance === 0) balances.delete(account);
      else balances.set(account, balance);
    }
    this.#balances.set(currency, balances);
  }

  balanceMinor(account: string, currency: CurrencyCode): number {
    return this.#balances.get(currency)?.get(account) ?? 0;
  }

  /** All that is on all accounts of a currency: 0, by construction. */
  sumMinor(currency: CurrencyCode): number {
    let sum = 0n;
    for (const balance of this.#balances.get(currency)?.values() ?? []) sum += BigInt(balance);
    return Number(sum);
  }
}
