import { LogError } from "../port.js";

/** Ids of clusters. */
export interface ClusterIdentity {
  /** Where the log was begun, as its first record says; undefined where it does not. */
  readonly begunIn: string | undefined;
  /** What the configuration says that the brokers are of. */
  readonly pinned: string | undefined;
  /** What the brokers say themselves. */
  readonly found: string;
}

/**
 * Throws a LogError, `incarnation_mismatch`, for brokers of another cluster than the log's. A log that was copied there has its incarnation with it, but
 * what copies records gives them other offsets: the warehouse would take new records for those that it has, and leave them out.
 */
export function checkCluster({ begunIn, pinned, found }: ClusterIdentity): void {
  if (pinned !== undefined && pinned !== found)
    throw new LogError(
      "incarnation_mismatch",
      `the brokers are of the cluster ${found}, but log.cluster_id is ${pinned}: point log.brokers to that cluster, or set log.cluster_id to ${found} if it is to be this one`,
      "terminal",
    );
  if (pinned !== undefined || begunIn === undefined || begunIn === found) return;
  throw new LogError(
    "incarnation_mismatch",
    `the brokers are of the cluster ${found}, but this log was begun in the cluster ${begunIn}: point log.brokers back to it. ` +
      `If the log was moved with its offsets as they were, set log.cluster_id to ${found}; ` +
      "if it was copied and has others, make its topics anew, and take a new database for the warehouse",
    "terminal",
  );
}
