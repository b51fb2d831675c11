/** Writes policy.schema.json: `npm run generate -w libs/policy`. */
import { writeFileSync } from "node:fs";
import { contractComments } from "./contract-comments.js";
import { policyDocumentSchema } from "./document-schema.js";

const schema = policyDocumentSchema(contractComments());
writeFileSync(new URL("../policy.schema.json", import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
