package leastwise.peers.flink;

import java.io.IOException;
import leastwise.peers.run.Meter;
import leastwise.peers.state.ClickEvent;
import leastwise.peers.state.SubjectState;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Takes each event into its subject's state. */
final class WindowsFunction extends KeyedProcessFunction<SubjectKey, Click, Void> {
  static final ValueStateDescriptor<SubjectState> STATE = new ValueStateDescriptor<>("windows", OwnType.STATE);

  private static final long serialVersionUID = 1L;

  private transient ValueState<SubjectState> state;
  private transient Meter.Lane lane;

  @Override
  public void open(OpenContext context) {
    state = getRuntimeContext().getState(STATE);
    lane = FlinkPeer.METER.lane();
  }

  @Override
  public void processElement(Click click, Context context, Collector<Void> out) throws IOException {
    if (click.event().kind != ClickEvent.NOT_COUNTED) take(click.event());
    lane.count();
  }

  /**
   * On the heap, a state that Flink hands out is the one that it keeps, or a copy while a checkpoint still reads that:
   * it may be changed in place, and only a new one has to be put there.
   */
  private void take(ClickEvent event) throws IOException {
    SubjectState known = state.value();
    SubjectState changed = known == null ? SubjectState.empty() : known;
    changed.apply(event);
    if (known == null) state.update(changed);
  }
}
