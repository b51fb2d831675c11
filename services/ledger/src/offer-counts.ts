import { BUCKET_COUNT, bucketOf, partitionOfBucket, type Bucket, type SubjectId } from "@leastwise/vocabulary";

/** How many offers of campaigns stand or were used. A sum of offers: it does not matter in which order they come. */
export class OfferCounts {
  /** By campaign. */
  readonly #counts = new Map<string, CampaignCount>();

  /** An offer was issued (1), or has run out unused (−1). */
  count(campaignId: string, subject: SubjectId, by: 1 | -1): void {
    const count = this.#counts.get(campaignId) ?? { total: 0, byBucket: new Int32Array(BUCKET_COUNT) };
    const bucket = bucketOf(subject);
    count.total += by;
    count.byBucket[bucket] = (count.byBucket[bucket] ?? 0) + by;
    this.#counts.set(campaignId, count);
  }

  /** All of a campaign. */
  of(campaignId: string): number {
    return this.#counts.get(campaignId)?.total ?? 0;
  }

  /** Those of a campaign whose subjects are in these buckets. */
  within(campaignId: string, buckets: readonly Bucket[]): number {
    const byBucket = this.#counts.get(campaignId)?.byBucket;
    if (byBucket === undefined) return 0;
    let sum = 0;
    for (const bucket of buckets) sum += byBucket[bucket] ?? 0;
    return sum;
  }
}

/** The offers of a campaign. */
interface CampaignCount {
  total: number;
  /** By the subject's bucket, so that it does not matter into how many partitions those fall. */
  readonly byBucket: Int32Array;
}

/** Buckets by the partition that they fall into. */
export function bucketsByPartition(partitionCount: number): readonly (readonly Bucket[])[] {
  const byPartition = Array.from({ length: partitionCount }, (): Bucket[] => []);
  for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1)
    byPartition[partitionOfBucket(bucket as Bucket, partitionCount)]?.push(bucket as Bucket);
  return byPartition;
}

/**
 * A partition's slice of a quantity. Together the slices are the quantity: where several processes issue at the same moment, none can issue what
 * another may.
 */
export function sliceOf(offersMax: number, partition: number, partitionCount: number): number {
  return Math.floor(offersMax / partitionCount) + (partition < offersMax % partitionCount ? 1 : 0);
}
