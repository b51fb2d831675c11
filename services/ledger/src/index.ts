export type { BookedOffer, BudgetTerms } from "./book.js";
export type { Hold } from "./by-subject.js";
export { Ledger, type LedgerOptions, type Led } from "./ledger.js";
export { offerService, type OfferServiceOptions } from "./offer-service.js";
export type { Tenure } from "./tenure.js";
