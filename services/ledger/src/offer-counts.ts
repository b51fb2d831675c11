import { BUCKET_COUNT, bucketOf, type Bucket, type SubjectId } from "@leastwise/vocabulary";

/** How many offers of campaigns stand or were used. A sum of offers: it does not matter in which order they come. */
export class OfferCounts {
  /** By campaign, and in it by the subject's bucket, so that it does not matter into how many partitions those fall. */
  readonly #byBucket = new Map<string, Int32Array>();

  /** An offer was issued (1), or has run out unused (−1). */
  count(campaignId: string, subject: SubjectId, by: 1 | -1): void {
    const counts = this.#byBucket.get(campaignId) ?? new Int32Array(BUCKET_COUNT);
    const bucket = bucketOf(subject);
    counts[bucket] = (counts[bucket] ?? 0) + by;
    this.#byBucket.set(campaignId, counts);
  }

  /** Those of a campaign whose subjects are in such buckets. */
  of(campaignId: string, isMeant: (bucket: Bucket) => boolean): number {
    const counts = this.#byBucket.get(campaignId);
    if (counts === undefined) return 0;
    return counts.reduce((sum, count, bucket) => (isMeant(bucket as Bucket) ? sum + count : sum), 0);
  }
}

/**
 * A partition's slice of a quantity. Together the slices are the quantity: where several processes issue at the same moment, none can issue what
 * another may.
 */
export function sliceOf(offersMax: number, partition: number, partitionCount: number): number {
  return Math.floor(offersMax / partitionCount) + (partition < offersMax % partitionCount ? 1 : 0);
}
