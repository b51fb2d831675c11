import { hashKeyFromSalt } from "@leastwise/vocabulary";

/** What each keyed hash of the decision is salted with. Another salt makes another, independent draw. */
const EXPLORATION_SALT = "leastwise/exploration/1";
const EPISODE_SALT = "leastwise/episode/1";
const DECISION_SALT = "leastwise/decision/1";
const OFFER_SALT = "leastwise/offer/1";
const CART_SALT = "leastwise/cart/1";
const PROFILE_SALT = "leastwise/profile/1";

/** Salts that no experiment may use: its arms would follow what they are to be independent of. */
export const RESERVED_SALTS: ReadonlySet<string> = new Set([
  EXPLORATION_SALT,
  EPISODE_SALT,
  DECISION_SALT,
  OFFER_SALT,
  CART_SALT,
  PROFILE_SALT,
]);

export const EXPLORATION_KEY = hashKeyFromSalt(EXPLORATION_SALT);
export const EPISODE_KEY = hashKeyFromSalt(EPISODE_SALT);
export const DECISION_KEY = hashKeyFromSalt(DECISION_SALT);
export const OFFER_KEY = hashKeyFromSalt(OFFER_SALT);
export const CART_KEY = hashKeyFromSalt(CART_SALT);
export const PROFILE_KEY = hashKeyFromSalt(PROFILE_SALT);
