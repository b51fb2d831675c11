import tseslint from "typescript-eslint";

/** Pure rooms: what they compute must be a function of what they are given. */
const PURE_ROOMS = ["libs/vocabulary", "libs/windows", "libs/decision", "libs/offers", "libs/lift"];

export default tseslint.config(
  { ignores: [".cache/", "**/dist/", "libs/contracts/gen/", "**/node_modules/", "scripts/*.cjs", "*.cjs"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: [
          "./libs/*/tsconfig.json",
          "./services/*/tsconfig.json",
          "./bench/tsconfig.json",
          "./tsconfig.tests.json",
          "./tsconfig.scripts.json",
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
      eqeqeq: "error",
    },
  },
  {
    files: PURE_ROOMS.map((room) => `${room}/src/**/*.ts`),
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        "process",
        "setTimeout",
        "setInterval",
        "fetch",
        "performance",
        "crypto",
        "console",
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "Pure rooms are given the time." },
        {
          object: "Math",
          property: "random",
          message: "Chance is a keyed hash (DESIGN: state is a function of the log).",
        },
      ],
    },
  },
  {
    files: ["**/*.test.ts", "tests/**/*.ts"],
    rules: {
      "max-lines-per-function": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["scripts/*.js", "eslint.config.js", "tests/threads/*.mjs", "tests/faults/*.mjs"],
    ...tseslint.configs.disableTypeChecked,
  },
);
