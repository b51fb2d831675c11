export { followCatalog, type Catalog } from "./catalog.js";
export { followPlaces, type PlacedValue } from "./follow-places.js";
export { follow, type Following } from "./follow.js";
export {
  holds,
  LinkBook,
  LinkDraft,
  LINKS_MAX,
  LOGIN_SILENCE_MAX_MS,
  type Link,
  type LinkLookup,
} from "./link-book.js";
export { followLinks, type FollowLinksOptions, type Links } from "./links.js";
export {
  compileWrittenModel,
  COMPILED_PRIOR,
  followModels,
  PRIOR_RECORD,
  problemsOfWritten,
  type FollowModelsOptions,
  type Models,
} from "./models.js";
export {
  compileProposed,
  compileWritten,
  FEATURE_CATALOGUE,
  followPolicies,
  type FollowPoliciesOptions,
  type Policies,
  type PolicyInForce,
} from "./policies.js";
export type { LoadCustom } from "./models-in-force.js";
export { TopicSight, type TopicSightOptions } from "./topic-sight.js";
export type { FollowingHooks, PassedOver } from "./passed-over.js";
export { followSubjects, type Subjects } from "./subjects.js";
