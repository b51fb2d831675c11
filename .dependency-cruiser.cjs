/**
 * The import table of ARCHITECTURE.md: which room may import which. Arrows point toward vocabulary. A test plants a
 * violation and sees it caught.
 */
const MAY_IMPORT = {
  "libs/vocabulary": [],
  "libs/windows": ["libs/vocabulary"],
  "libs/offers": ["libs/vocabulary"],
  "libs/decision": ["libs/vocabulary", "libs/offers"],
  "libs/lift": ["libs/vocabulary"],
  "libs/contracts": ["libs/vocabulary", "libs/windows", "libs/decision", "libs/offers"],
  "libs/eventlog": ["libs/vocabulary"],
  "libs/warehouse": ["libs/vocabulary", "libs/lift", "libs/windows"],
  "libs/telemetry": ["libs/vocabulary"],
  "libs/config": ["libs/vocabulary"],
  "libs/rpc": ["libs/vocabulary", "libs/contracts"],
  "libs/references": [
    "libs/vocabulary",
    "libs/contracts",
    "libs/decision",
    "libs/offers",
    "libs/windows",
    "libs/eventlog",
    "libs/onnx-response",
  ],
  "libs/onnx-response": ["libs/vocabulary", "libs/decision", "libs/offers", "libs/windows"],
  "libs/policy": ["libs/vocabulary", "libs/contracts"],
  "libs/testkit": ["libs/vocabulary", "libs/contracts", "libs/eventlog"],
};

const LIBS = Object.keys(MAY_IMPORT);
const SERVICE_LIBS = LIBS.filter((lib) => lib !== "libs/testkit");

/** Services know libraries, not one another; the scorer hosts the ledger, and `leastwise` hosts all. */
const SERVICES = {
  "services/collector": SERVICE_LIBS,
  "services/ledger": SERVICE_LIBS,
  "services/scorer": [...SERVICE_LIBS, "services/ledger"],
  "services/recorder": SERVICE_LIBS,
  "services/leastwise": [...LIBS, "services/collector", "services/ledger", "services/scorer", "services/recorder"],
};

const PURE_ROOMS = ["libs/vocabulary", "libs/windows", "libs/decision", "libs/offers", "libs/lift"];

const NOT_SHIPPED = "(\\.test\\.ts$|/given/)";

const roomRules = Object.entries({ ...MAY_IMPORT, ...SERVICES }).map(([room, allowed]) => ({
  name: `${room.replace("/", "-")}-imports`,
  comment: `${room} may import ${allowed.length === 0 ? "no other room" : allowed.join(", ")}.`,
  severity: "error",
  // A test, and what its file is given, may use the testkit; what ships may not.
  from: { path: `^${room}/`, pathNot: NOT_SHIPPED },
  to: { path: "^(libs|services|bench|tests)/", pathNot: [`^${room}/`, ...allowed.map((target) => `^${target}/`)] },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: "pure-rooms-import-no-node",
      comment: "A pure room computes from what it is given: no I/O, no Node module.",
      severity: "error",
      from: { path: PURE_ROOMS.map((room) => `^${room}/`), pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "pure-rooms-import-few-packages",
      comment: "Of packages a pure room may use only CEL, which reads no clock and does no I/O.",
      severity: "error",
      from: { path: PURE_ROOMS.map((room) => `^${room}/`), pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["npm", "npm-dev"], pathNot: ["cel-js"] },
    },
    {
      name: "no-circles",
      comment: "Two files that need each other are one file, or miss a third.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "tests-are-not-imported",
      severity: "error",
      from: { pathNot: "\\.test\\.ts$" },
      to: { path: "\\.test\\.ts$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|gen)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.cruise.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "default"] },
  },
};
