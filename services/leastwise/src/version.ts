/** The program's version: that of the workspace's packages. */
export const VERSION = "0.1.0";
