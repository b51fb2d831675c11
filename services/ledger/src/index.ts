export type { BookedOffer } from "./book.js";
export { groupTwice, proveStack, type Counterfeit, type CounterfeitReason } from "./counterfeits.js";
export type { Hold } from "./by-subject.js";
export { Ledger, type LedgerOptions } from "./ledger.js";
export type { Led } from "./own-records.js";
export { offerService, type OfferServiceOptions } from "./offer-service.js";
export type { Tenure } from "./tenure.js";
