/** What one query through the door may take. Clients may ask for less, never for more. */
export interface DoorLimits {
  /** Time in the engine, ms; then ClickHouse's error 159. Default 30 000. */
  readonly executionTimeMs: number;
  /** Size of a result, in the engine and as sent, bytes; then error 396. Default 64 MiB. */
  readonly resultBytes: number;
  /** Memory of one query, its result included, bytes; then error 241. Default 512 MiB. */
  readonly memoryBytes: number;
  /** Size of a request's body, bytes, as sent and after unpacking; then error 307. Default 1 MiB. */
  readonly requestBytes: number;
  /** Queries running at once. Default 4. */
  readonly running: number;
  /** Queries waiting for their turn; further ones get error 202. Default 64. */
  readonly waiting: number;
}

export const DEFAULT_LIMITS: DoorLimits = {
  executionTimeMs: 30_000,
  resultBytes: 64 * 1_024 * 1_024,
  memoryBytes: 512 * 1_024 * 1_024,
  requestBytes: 1_024 * 1_024,
  running: 4,
  waiting: 64,
};
