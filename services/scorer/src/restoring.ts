import { refuse } from "@leastwise/rpc";
import { refusal } from "@leastwise/vocabulary";

/** What can wait while the log is read. */
export const RESTORING = refuse(
  "UNAVAILABLE",
  refusal("restoring", "", "a call while the log is read", "the same call again soon"),
);
