package leastwise.peers.streams;

import leastwise.peers.run.Meter;
import leastwise.peers.state.ClickEvent;
import leastwise.peers.state.SubjectState;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Takes each event into its subject's state. The topic is partitioned by subject, so nothing is sent on first. */
final class WindowsProcessor implements Processor<byte[], ClickEvent, Void, Void> {
  static final String STORE = "windows";

  private final Meter.Lane lane;
  private KeyValueStore<byte[], SubjectState> store;

  WindowsProcessor(Meter.Lane lane) {
    this.lane = lane;
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    store = context.getStateStore(STORE);
  }

  @Override
  public void process(Record<byte[], ClickEvent> record) {
    ClickEvent event = record.value();
    if (event.kind != ClickEvent.NOT_COUNTED) {
      SubjectState known = store.get(record.key());
      SubjectState state = known == null ? SubjectState.empty() : known;
      state.apply(event);
      store.put(record.key(), state);
    }
    lane.count();
  }
}
