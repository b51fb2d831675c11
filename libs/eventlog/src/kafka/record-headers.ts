import type { NewRecord } from "../port.js";

/** Headers of a record, for readers outside; undefined: it has none. They must take {@link HEADERS_BYTES_MAX} at most. */
export type RecordHeaders = (record: NewRecord) => Readonly<Record<string, string>> | undefined;

/** Most bytes of a record's headers: those of ten thousand still fit a batch beside what is in them. */
export const HEADERS_BYTES_MAX = 400;

/** Of no record. */
export const withoutHeaders: RecordHeaders = () => undefined;
