const { TestEnvironment } = require("jest-environment-node");

let noticed;

/** Where one test has noticed a change, no other is asked: that one does is all that the score counts. */
module.exports = class MutationEnvironment extends TestEnvironment {
  async handleTestEvent({ name, test }) {
    const change = process.env.__STRYKER_ACTIVE_MUTANT__;
    if (change === undefined) return;
    if (name === "test_fn_failure") noticed = change;
    if (name === "test_start" && noticed === change) test.mode = "skip";
  }
};
