import { expect, it } from "@jest/globals";
import { unreachable } from "./ask-service.js";

it.each([
  [
    "14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:7400. Resolution note: ",
    "14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:7400",
  ],
  [
    "14 UNAVAILABLE: No connection. Resolution note: no such name",
    "14 UNAVAILABLE: No connection. Resolution note: no such name",
  ],
  ["restoring", "restoring"],
])(
  "whoever does not answer is told with what gRPC says, without a label that nothing stands behind: %j",
  (message, said) => {
    expect(unreachable("shop:7400", message)).toBe(
      `shop:7400: ${said}: does a service run there? --address says where to ask`,
    );
  },
);
