package leastwise.peers.state;

/** What became of an event. */
public enum Verdict {
  /** It is in the windows. */
  APPLIED,
  /** Its id was seen before. */
  DUPLICATE,
  /** It is older than the oldest tile of the longest window. */
  LATE,
  /** It claims to have happened more than five minutes after it was received. */
  AHEAD,
  /** It is nothing that windows count. */
  NOT_COUNTED
}
