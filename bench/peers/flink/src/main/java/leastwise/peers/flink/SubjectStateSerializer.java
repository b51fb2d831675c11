package leastwise.peers.flink;

import java.io.IOException;
import leastwise.peers.state.SubjectState;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Writes a state as the bytes that it is. It is changed in place, so a checkpoint under way takes a copy. */
public final class SubjectStateSerializer extends OwnSerializer<SubjectState> {
  static final SubjectStateSerializer INSTANCE = new SubjectStateSerializer();

  private static final long serialVersionUID = 1L;

  @Override
  public boolean isImmutableType() {
    return false;
  }

  @Override
  public SubjectState createInstance() {
    return SubjectState.empty();
  }

  @Override
  public SubjectState copy(SubjectState from) {
    return from.copy();
  }

  @Override
  public void serialize(SubjectState state, DataOutputView out) throws IOException {
    out.writeInt(state.length());
    out.write(state.array(), 0, state.length());
  }

  @Override
  public SubjectState deserialize(DataInputView in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return SubjectState.wrap(bytes);
  }

  @Override
  public TypeSerializerSnapshot<SubjectState> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Names the serializer in a checkpoint. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<SubjectState> {
    /** For Flink, which makes it by reflection. */
    public Snapshot() {
      super(() -> INSTANCE);
    }
  }
}
