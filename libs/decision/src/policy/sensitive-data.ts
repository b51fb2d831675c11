import type { ASTNode } from "@marcbachmann/cel-js";
import type { Profile } from "../input.js";
import type { ExpressionProblem } from "./expression-problem.js";

/** By what a class that the law protects is told in a name, in English and German, without accents. */
interface Tells {
  /** Parts of a name that stand for nothing else, wherever in it, also within a longer word. */
  readonly parts: string;
  /** Whole words, or two in a row, wherever in the name. */
  readonly words: string;
  /** Words that mean something else in most company: they count where nothing of weight stands beside them, `race` and `customer_race`, but not `race-day`. */
  readonly alone: string;
}

/**
 * The classes: Articles 9 and 10 of the GDPR; sex by Directive 2004/113/EC on goods and services; race, colour, religion and national origin by the Civil Rights Acts of 1866 and
 * 1964 (42 U.S.C. § 1981, § 2000a), and disability. Age is in none of them, since shops must ask it before they sell some goods; nor are marital status and military
 * service, which shops may be good to.
 */
const TELLS: Readonly<Record<string, Tells>> = {
  health: {
    parts: `pregnan schwanger disabilit behinder krankheit krankenkasse krankenversicher gesundheit medikament vaccin impfstatus diabet
      wheelchair rollstuhl allergi hivstatus hivpositiv epileps`,
    words: `health medical medication disease illness diagnosis diagnose diagnosen disabled handicapped hiv allergy krank erkrankung erkrankungen geimpft medizinisch asthma
      depression obesity addiction abortion abtreibung fertility miscarriage pflegegrad pflegestufe`,
    alone: "handicap aids cancer krebs patient blind deaf",
  },
  "religion or belief": {
    parts: "religio konfession weltanschau glaubens kirchensteuer",
    words: `denomination glaube kirche muslim muslims muslima moslem moslems islamic islamisch jew jews jewish judaism judisch juedisch
      christlich catholic catholics katholisch katholik protestant protestants evangelisch evangelical hindu hindus buddhist buddhists sikh sikhs atheist atheists
      mormon mormons`,
    alone: "faith creed islam christian christians christ christen church orthodox belief beliefs jude juden",
  },
  "ethnic origin": {
    parts:
      "ethnici ethnie ethnisch hautfarb herkunft abstammung nationalorigin staatsangehor staatsangehoer volksgruppe migrationshintergrund",
    words: `ethnic racial skincolor skincolour nationality nationalitat nationalitaet immigrant immigrants migrant migrants hispanic
      hispanics latino latinos latinx caucasian africanamerican asianamerican indigenous sinti romani`,
    alone: "race races rasse latina asian",
  },
  "political opinion": {
    parts: "parteizugeh parteimitglied parteipraferenz parteipraeferenz",
    words: `political politics politisch politische politik partei partymember partymembership partyaffiliation republican republicans voter
      wahler waehler`,
    alone: "party democrat democrats",
  },
  "sexual orientation": {
    parts: "sexualit sexualor sexuell homosex bisexual",
    words: "sexual lgbt lgbtq lgbtqia gay gays lesbian lesbians lesbisch schwul queer",
    alone: "",
  },
  "trade union membership": {
    parts: "gewerkschaft tradeunion laborunion labourunion",
    words: "unionmember unionmembership",
    alone: "union",
  },
  "genetic data": { parts: "genetic genetik genetisch", words: "genome genom dna", alone: "" },
  "biometric data": { parts: "biometri", words: "", alone: "" },
  "criminal record": {
    parts: "vorstraf vorbestraft straftat",
    words: "criminal convicted conviction convictions felon felony",
    alone: "",
  },
  sex: {
    parts: "geschlecht transgender",
    words: "sex gender mannlich maennlich weiblich nonbinary transsexual transsexuell",
    alone: "male female",
  },
};

/** What stands beside a word in a name, and says nothing of what the name is of. */
const WEIGHTLESS: ReadonlySet<string> = new Set(
  wordsIn(`is has the of my a an customer customers user users shopper person client member kunde kunden nutzer status code id type group name class
    category flag value data info field attribute tag segment profile self reported declared inferred predicted probable ist hat der die das`),
);

const PARTS = namesByTell("parts");
const WORDS = new Map(namesByTell("words"));
const ALONE = new Map(namesByTell("alone"));

function namesByTell(tell: keyof Tells): readonly (readonly [tell: string, name: string])[] {
  return Object.entries(TELLS).flatMap(([name, tells]) => wordsIn(tells[tell]).map((word) => [word, name] as const));
}

function wordsIn(list: string): readonly string[] {
  return list.split(/[^\p{L}]+/u).filter((word) => word !== "");
}

/**
 * The class that the law protects by which an attribute or a tag is called; undefined where its name tells of none. Neither case nor accents count, nor how words are
 * joined.
 */
export function sensitiveClassOf(name: string): string | undefined {
  const plain = name.normalize("NFD").replaceAll(/\p{M}+/gu, "");
  const joined = wordsIn(plain.toLowerCase()).join("");
  const part = PARTS.find(([tell]) => joined.includes(tell));
  if (part !== undefined) return part[1];
  // Once as camel case has it, and once as if case said nothing: `isMuslim`, `MusLim`.
  const split = plain.replaceAll(/(\p{Ll})(\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, "$1$3 $2");
  return classOfWords(wordsIn(split.toLowerCase())) ?? classOfWords(wordsIn(plain.toLowerCase()));
}

function classOfWords(words: readonly string[]): string | undefined {
  for (const [place, word] of words.entries()) {
    const known = WORDS.get(word) ?? WORDS.get(`${word}${words[place + 1] ?? ""}`);
    if (known !== undefined) return known;
  }
  const [word, another] = words.filter((each) => !WEIGHTLESS.has(each));
  return word === undefined || another !== undefined ? undefined : ALONE.get(word);
}

/** A profile stays the same object until it changes, and is looked through once. */
const LOOKED_THROUGH = new WeakMap<Profile, Profile>();

/** The profile without attributes and tags of a class that the law protects: those are no inputs, whatever was agreed to. */
export function withoutSensitive(profile: Profile): Profile {
  const known = LOOKED_THROUGH.get(profile) ?? lookedThrough(profile);
  LOOKED_THROUGH.set(profile, known);
  return known;
}

function lookedThrough(profile: Profile): Profile {
  const attributes = Object.entries(profile.attributes);
  const kept = attributes.filter(([name]) => sensitiveClassOf(name) === undefined);
  const tags = profile.tags.filter((tag) => sensitiveClassOf(tag) === undefined);
  if (kept.length === attributes.length && tags.length === profile.tags.length) return profile;
  return { ...profile, tags, attributes: Object.fromEntries(kept) };
}

/** What is wrong with an expression that asks for such an attribute or tag by its name; undefined where nothing is. */
export function sensitiveProblemOf(ast: ASTNode): ExpressionProblem | undefined {
  const [of, key] = Array.isArray(ast.args) ? (ast.args as readonly unknown[]) : [];
  const asked = nameAsked(ast, of, key);
  const known = asked === undefined ? undefined : sensitiveClassOf(asked);
  if (asked !== undefined && known !== undefined)
    return {
      reason: "sensitive_attribute",
      came: asked,
      expected: `what is of no class that the law protects, here ${known}: such data are never inputs`,
      offset: ast.start,
    };
  return childrenOf(ast.args)
    .map(sensitiveProblemOf)
    .find((problem) => problem !== undefined);
}

/** The name in `profile.attributes.name`, `profile.attributes["name"]`, `"name" in profile.attributes`, and `"name" in` tags or partners' groups. */
function nameAsked({ op }: ASTNode, first: unknown, second: unknown): string | undefined {
  if (op === "." && typeof second === "string") return isFieldOf("profile", first, "attributes") ? second : undefined;
  if (op === "[]") return isFieldOf("profile", first, "attributes") ? textOf(second) : undefined;
  if (op !== "in") return undefined;
  const isAsked =
    isFieldOf("profile", second, "attributes") ||
    isFieldOf("profile", second, "tags") ||
    isFieldOf("context", second, "partner_segments");
  return isAsked ? textOf(first) : undefined;
}

function isFieldOf(object: "profile" | "context", node: unknown, field: string): boolean {
  if (!isNode(node) || (node.op !== "." && node.op !== "[]")) return false;
  const [of, key] = node.args as readonly unknown[];
  return isNode(of) && of.op === "id" && of.args === object && (key === field || textOf(key) === field);
}

function textOf(node: unknown): string | undefined {
  return isNode(node) && node.op === "value" && typeof node.args === "string" ? node.args : undefined;
}

function childrenOf(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value && "start" in value;
}
