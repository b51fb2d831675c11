/** @jest-config-loader esbuild-register */
import type { Config } from "jest";

/**
 * Tests run on the TypeScript sources: a room's name resolves to its source, so that no build stands between an
 * edit and its test. Types are checked by the build and the linter, not here. Journeys use the built program.
 */
const config: Config = {
  testEnvironment: "node",
  roots: ["<rootDir>/libs", "<rootDir>/services", "<rootDir>/tests", "<rootDir>/bench", "<rootDir>/deploy"],
  // `npm run test:long` has what takes minutes, and all of those campaigns that `npm test` runs a part of.
  testMatch: process.env["LEASTWISE_LONG"] === "true" ? ["**/*.@(long|campaign).test.ts"] : ["**/!(*.long).test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "/dist/"],
  modulePathIgnorePatterns: ["/dist/"],
  extensionsToTreatAsEsm: [".ts"],
  resolver: "<rootDir>/scripts/jest-resolver.cjs",
  transform: {
    "^.+\\.ts$": ["ts-jest", { useESM: true, tsconfig: "<rootDir>/tsconfig.jest.json", diagnostics: false }],
  },
  testTimeout: 30_000,
  maxWorkers: 2,
};

export default config;
