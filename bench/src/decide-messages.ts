/** What the parent asks: the CPU time so far, or to end. */
export type ToChild = "cpu" | "end";

/** What the child tells. */
export type ToParent =
  | { readonly kind: "ready"; readonly decidePort: number; readonly emptyPort: number }
  /** User and system time of the process since its start, µs. */
  | { readonly kind: "cpu"; readonly cpuUs: number };
