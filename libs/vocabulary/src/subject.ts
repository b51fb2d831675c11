import type { Bucket, SubjectId } from "./brand.js";

/** Buckets that subjects hash to. Fixed for ever: partitions grow by taking buckets over, whole. */
export const BUCKET_COUNT = 256;

const SUBJECT_ID = /^[0-9a-f]{32}$/;

/** Checks the form of a subject id: 32 lower-case hex digits. */
export function isSubjectId(text: string): text is SubjectId {
  return SUBJECT_ID.test(text);
}

/** The bucket is the first byte of the subject id, which is uniform because the id is a keyed hash. */
export function bucketOf(subject: SubjectId): Bucket {
  return Number.parseInt(subject.slice(0, 2), 16) as Bucket;
}

/** Buckets are dealt over partitions in contiguous ranges: bucket × partitions ÷ 256. */
export function partitionOfBucket(bucket: Bucket, partitionCount: number): number {
  return Math.floor((bucket * partitionCount) / BUCKET_COUNT);
}
