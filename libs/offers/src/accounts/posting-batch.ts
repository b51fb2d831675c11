import { err, ok, refusal, type CurrencyCode, type Millis, type Refusal, type Result } from "@leastwise/vocabulary";

/** What goes to an account, or leaves it. */
export interface Posting {
  /** The account's name, see `account-names.ts`. */
  readonly account: string;
  /** Minor units, not 0; negative: it leaves the account. */
  readonly minor: number;
}

/** Why postings are no batch: stable. */
export type PostingRefusalReason = "postings_unbalanced" | "postings_empty" | "amount_out_of_range";

/** A refusal of postings. */
export interface PostingRefusal extends Refusal {
  readonly reason: PostingRefusalReason;
}

/** What is posted together: all of it or nothing. */
export interface Postings {
  readonly currency: CurrencyCode;
  readonly atMs: Millis;
  readonly postings: readonly Posting[];
}

/**
 * Postings of one currency that add up to nothing: whatever goes to an account has left others. One that does not balance cannot be constructed:
 * what comes from outside is asked by {@link PostingBatch.of}, and a new one that is wrong is a bug and throws.
 */
export class PostingBatch implements Postings {
  readonly currency: CurrencyCode;
  readonly atMs: Millis;
  readonly postings: readonly Posting[];

  constructor({ currency, atMs, postings }: Postings) {
    const refused = refusedPostings(postings);
    if (refused !== undefined) throw new RangeError(`${refused.reason}: ${refused.field} is ${refused.came}`);
    this.currency = currency;
    this.atMs = atMs;
    this.postings = Object.freeze(postings.map(({ account, minor }) => Object.freeze({ account, minor })));
    Object.freeze(this);
  }

  /** The batch of these postings, or what is wrong with them. */
  static of(postings: Postings): Result<PostingBatch, PostingRefusal> {
    const refused = refusedPostings(postings.postings);
    return refused === undefined ? ok(new PostingBatch(postings)) : err(refused);
  }

  /** What goes from one account to another; backwards where it is negative. Undefined where it is nothing. */
  static transfer(
    { from, to, minor }: { readonly from: string; readonly to: string; readonly minor: number },
    on: Pick<Postings, "currency" | "atMs">,
  ): PostingBatch | undefined {
    if (minor === 0) return undefined;
    const postings = [
      { account: from, minor: -minor },
      { account: to, minor },
    ];
    return new PostingBatch({ ...on, postings });
  }
}

function refusedPostings(postings: readonly Posting[]): PostingRefusal | undefined {
  if (postings.length === 0) return refused("postings_empty", "postings", undefined, "two postings or more");
  let sum = 0n;
  for (const [index, { minor }] of postings.entries()) {
    if (!Number.isSafeInteger(minor) || minor === 0)
      return refused("amount_out_of_range", `postings[${String(index)}].minor`, minor, "whole minor units, not 0");
    sum += BigInt(minor);
  }
  return sum === 0n ? undefined : refused("postings_unbalanced", "postings", sum, "postings that add up to 0");
}

function refused(reason: PostingRefusalReason, field: string, came: unknown, expected: string): PostingRefusal {
  return { ...refusal(reason, field, came, expected), reason };
}
