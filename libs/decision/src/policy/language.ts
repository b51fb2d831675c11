const LANGUAGE_TAG = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/;
const LANGUAGE_LENGTH_MAX = 64;

export const LANGUAGE_EXPECTED = "a BCP 47 language, for example en";

/** True of what has the form of a BCP 47 language. */
export function isLanguageTag(text: string): boolean {
  return text.length <= LANGUAGE_LENGTH_MAX && LANGUAGE_TAG.test(text);
}

/** Of texts by language the one in a language, or in its primary subtag; undefined: there is none. */
export function inLanguage<T extends { readonly language: string }>(
  texts: readonly T[],
  language: string,
): T | undefined {
  const wanted = language.toLowerCase();
  return (
    texts.find((one) => one.language.toLowerCase() === wanted) ??
    texts.find((one) => primarySubtag(one.language) === primarySubtag(language))
  );
}

/** The language without country or script, in lower case: `de` of `de-AT`. */
export function primarySubtag(language: string): string {
  return language.split("-", 1)[0]?.toLowerCase() ?? "";
}
