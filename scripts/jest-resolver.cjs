const { existsSync } = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const floors = ["libs", "services"];

/** Resolves a room to its source, and `./x.js` to the `./x.ts` that it is compiled from. */
module.exports = (request, options) => {
  const room = /^@leastwise\/([a-z-]+)$/.exec(request);
  if (room !== null) {
    const source = floors
      .map((floor) => path.join(root, floor, room[1], "src", "index.ts"))
      .find((file) => existsSync(file));
    if (source !== undefined) return source;
  }
  if (/^\.{1,2}\/.*\.js$/.test(request)) {
    const source = path.join(options.basedir, request.replace(/\.js$/, ".ts"));
    if (existsSync(source)) return source;
  }
  return options.defaultResolver(request, options);
};
