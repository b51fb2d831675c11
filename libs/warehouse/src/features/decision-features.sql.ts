import { featuresAtSql } from "./features-at.sql.js";

/**
 * The features of each decision, computed anew from `clickstream`: a training set, and a check of what `decisions.features` has, which is
 * what the windows said. One row a decision, its moment and place in the log, and a column for each feature of the catalogue, NULL where
 * absent.
 *
 * Parameters: `home_currency`; `from_ms`, `to_ms`: decided in [from, to). A long period is asked for in pieces, or by subjects: the
 * histories of all its subjects are put in order in memory.
 */
export const DECISION_FEATURES_SQL = `
CREATE OR REPLACE VIEW decision_features AS
${featuresAtSql(`SELECT decision_id, log_incarnation, features_as_of_partition AS log_partition, subject,
      features_as_of_offset AS as_of_offset, toUnixTimestamp64Milli(decided_at) AS at_ms
    FROM decisions
    WHERE decided_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND decided_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`)}
`;
