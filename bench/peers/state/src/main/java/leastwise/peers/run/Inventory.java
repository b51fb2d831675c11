package leastwise.peers.run;

import java.util.concurrent.atomic.LongAdder;
import leastwise.peers.state.SubjectState;
import leastwise.peers.state.WindowReader;

/** Counts, after a run, what the state holds, so that two engines can be seen to have done the same. */
public final class Inventory {
  private final LongAdder subjects = new LongAdder();
  private final LongAdder events = new LongAdder();

  /** Adds one subject. */
  public void add(SubjectState state) {
    subjects.increment();
    events.add(WindowReader.eventsIn30Days(state));
  }

  /** Subjects that have state. */
  public long subjects() {
    return subjects.sum();
  }

  /** Events in the 30-day window of each subject at its newest event, added up. */
  public long events() {
    return events.sum();
  }
}
