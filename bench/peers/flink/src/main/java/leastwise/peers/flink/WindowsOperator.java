package leastwise.peers.flink;

import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;

/** Flink's own operator for {@link WindowsFunction}, which at the end, after the clock, counts what the state holds. */
final class WindowsOperator extends KeyedProcessOperator<SubjectKey, Click, Void> {
  private static final long serialVersionUID = 1L;

  WindowsOperator() {
    super(new WindowsFunction());
  }

  @Override
  public void close() throws Exception {
    if (getKeyedStateBackend() != null) takeStock();
    super.close();
  }

  private void takeStock() throws Exception {
    this.<SubjectKey>getKeyedStateBackend()
        .applyToAllKeys(
            VoidNamespace.INSTANCE,
            VoidNamespaceSerializer.INSTANCE,
            WindowsFunction.STATE,
            (subject, state) -> FlinkPeer.KEPT.add(state.value()));
  }
}
