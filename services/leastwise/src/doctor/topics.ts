import { isInOrder, type TopicChange, type TopicRights } from "@leastwise/eventlog";
import { failing, fine, type Finding } from "./finding.js";

/**
 * Whether the topics are as they must be. One that this user may not see is not in the brokers' lists, and looks as if it were missing.
 *
 * @param changes what is to be done about each, as far as this user sees
 * @param rights undefined where the brokers are too old to say it
 */
export function topicsFinding(changes: readonly TopicChange[], rights: TopicRights | undefined): Finding {
  const name = "topics";
  const wrong = changes.filter((change) => !isInOrder([change])).map(({ topic }) => topic.name);
  if (wrong.length === 0) return fine(name, `all ${changes.length} are as they must be`);
  const hidden = wrong.filter((topic) => rights?.get(topic)?.has("Describe") === false);
  const others = wrong.filter((topic) => !hidden.includes(topic));
  const found = [
    ...(hidden.length === 0 ? [] : [`this user lacks the right to see ${hidden.join(", ")}`]),
    ...(others.length === 0 ? [] : [`not as they must be: ${others.join(", ")}`]),
  ];
  const fixes = [
    ...(hidden.length === 0 ? [] : ["`leastwise topics acls` prints the rights that each service needs"]),
    ...(others.length === 0 ? [] : ["`leastwise topics plan` says what is to be done"]),
  ];
  return failing(name, found.join("; "), fixes.join("; "));
}
