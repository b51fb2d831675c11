import type { Config } from "@leastwise/config";
import { firstPolicy } from "../host/start-policy.js";
import { StartFailure } from "../host/start-failure.js";
import { failing, fine, type Finding } from "./finding.js";

/** Whether the policy could be put into force that a start needs where none is yet: the file may be needed long after it was named. */
export async function checkFirstPolicy(config: Pick<Config, "policy_file" | "currency">): Promise<Finding> {
  const name = "policy";
  try {
    const { version } = await firstPolicy(config);
    const whose = config.policy_file === undefined ? "the built-in one" : config.policy_file;
    return fine(name, `${whose}, version ${version}, can be put into force where none is`);
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    return failing(
      name,
      error.message,
      "see policy_file; `leastwise policy validate` says what is wrong in a document",
    );
  }
}
