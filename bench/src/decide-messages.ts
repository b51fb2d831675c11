/** What the parent asks: the CPU time so far, bare appends for a while, or to end. */
export type ToChild =
  { readonly kind: "cpu" } | { readonly kind: "append"; readonly forMs: number } | { readonly kind: "end" };

/** What the child tells. */
export type ToParent =
  | {
      readonly kind: "ready";
      readonly decidePort: number;
      /** Of the empty handlers, by what they answer. */
      readonly emptyPorts: { readonly none: number; readonly grant: number };
      /** What a decision puts onto the log, bytes. */
      readonly recordBytes: number;
    }
  /** User and system time of the process since its start, µs. */
  | { readonly kind: "cpu"; readonly cpuUs: number }
  /** How long each append took, one after the other. */
  | { readonly kind: "appended"; readonly latenciesMs: readonly number[] };
