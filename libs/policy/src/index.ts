export { DOCUMENT_BYTES_MAX, type DocumentProblem } from "./document-source.js";
export { policyChanges, sayChange, type PolicyChange } from "./policy-changes.js";
export { readInstant } from "./quantities.js";
export { readModelDocument, readPolicyDocument, type ModelDocument, type PolicyDocument } from "./read-document.js";
export { writeModelDocument, writePolicyDocument } from "./write-document.js";
