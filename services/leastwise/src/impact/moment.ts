import type { CompiledPolicy } from "@leastwise/decision";
import { hashKeyFromSalt } from "@leastwise/vocabulary";
import type { PlacedOrder, SharedFacts } from "./policy-world.js";

/** A moment of a shop that a policy has to do with. */
export type Moment =
  /** A cart that Decide is asked for. */
  | {
      readonly kind: "cart";
      readonly facts: SharedFacts;
      /** The policy that was in force then. Absent: nobody says. */
      readonly inForce?: CompiledPolicy;
    }
  /** An order was placed. */
  | ({ readonly kind: "order" } & PlacedOrder);

/** Nobody is told a code. */
export const CODE_KEY = { secret: hashKeyFromSalt("leastwise impact/codes"), version: 0 };
