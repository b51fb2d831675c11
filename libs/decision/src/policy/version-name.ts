/** What the version of a policy or of a model may be called. */
export const VERSION_NAME = /^[a-z0-9._-]{1,64}$/;

/** The same in words. */
export const VERSION_EXPECTED = "1 to 64 of a-z, 0-9, dot, underscore and dash";
