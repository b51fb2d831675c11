export { DOCUMENT_BYTES_MAX, type DocumentProblem } from "./document-source.js";
export { policyChanges, sayChange, type PolicyChange } from "./policy-changes.js";
export { readInstant } from "./quantities.js";
export { readPolicyDocument, type PolicyDocument } from "./read-document.js";
export { writePolicyDocument } from "./write-document.js";
