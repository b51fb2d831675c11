/**
 * The generated messages and services under one name: `wire.Money`, `wire.DecisionServiceService`. Inside the services they are
 * met only at the doors and at the log; the pure rooms have types of their own.
 */
export * from "../gen/leastwise/v1/catalog.js";
export * from "../gen/leastwise/v1/decision.js";
export * from "../gen/leastwise/v1/events.js";
export * from "../gen/leastwise/v1/models.js";
export * from "../gen/leastwise/v1/money.js";
export * from "../gen/leastwise/v1/offers.js";
export * from "../gen/leastwise/v1/owners.js";
export * from "../gen/leastwise/v1/policy.js";
export * from "../gen/leastwise/v1/routing.js";
export * from "../gen/leastwise/v1/subjects.js";
// Every generated file has these four; one stands for all.
export { protobufFileName, protobufPackage, type DeepPartial, type MessageFns } from "../gen/leastwise/v1/money.js";
