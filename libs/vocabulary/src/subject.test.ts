import { describe, expect, it } from "@jest/globals";
import type { Bucket } from "./brand.js";
import { BUCKET_COUNT, bucketOf, isSubjectId, partitionOfBucket } from "./subject.js";

describe("subjects", () => {
  it("have 32 lower-case hex digits, the first two being the bucket", () => {
    const subject = "ff00112233445566778899aabbccddee";
    expect(isSubjectId(subject) && bucketOf(subject)).toBe(255);
    expect(["FF".repeat(16), "ab", `${subject}0`].map(isSubjectId)).toEqual([false, false, false]);
  });

  it("spread over every number of partitions with at most one bucket more in one than in another", () => {
    for (let partitions = 1; partitions <= BUCKET_COUNT; partitions += 1) {
      const counts = new Array<number>(partitions).fill(0);
      for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1)
        counts[partitionOfBucket(bucket as Bucket, partitions)]! += 1;
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });
});
