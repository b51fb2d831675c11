package leastwise.peers.streams;

import leastwise.peers.state.ClickEvent;
import leastwise.peers.state.ClickEventReader;
import leastwise.peers.state.SubjectState;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** How records and states come out of bytes and go into them. */
final class PeerSerdes {
  private PeerSerdes() {}

  /** Reads the records of the topic. All threads share it, and a reader is for one thread, so each has its own. */
  static Deserializer<ClickEvent> events() {
    ThreadLocal<ClickEventReader> reader = ThreadLocal.withInitial(ClickEventReader::new);
    return (topic, bytes) -> reader.get().read(bytes);
  }

  /**
   * A state is bytes already: storing it copies an array, and so does loading it, because the store's own array must
   * not change behind the back of its cache and its changelog.
   */
  static Serde<SubjectState> states() {
    return Serdes.serdeFrom(
        (topic, state) -> state == null ? null : state.toBytes(),
        (topic, bytes) -> bytes == null ? null : SubjectState.copyOf(bytes));
  }
}
