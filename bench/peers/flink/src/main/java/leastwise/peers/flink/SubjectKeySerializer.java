package leastwise.peers.flink;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Writes a subject as its two numbers. */
public final class SubjectKeySerializer extends OwnSerializer<SubjectKey> {
  static final SubjectKeySerializer INSTANCE = new SubjectKeySerializer();

  private static final long serialVersionUID = 1L;

  @Override
  public SubjectKey createInstance() {
    return new SubjectKey(0, 0);
  }

  @Override
  public int getLength() {
    return 16;
  }

  @Override
  public void serialize(SubjectKey key, DataOutputView out) throws IOException {
    out.writeLong(key.high());
    out.writeLong(key.low());
  }

  @Override
  public SubjectKey deserialize(DataInputView in) throws IOException {
    return new SubjectKey(in.readLong(), in.readLong());
  }

  @Override
  public TypeSerializerSnapshot<SubjectKey> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Names the serializer in a checkpoint. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<SubjectKey> {
    /** For Flink, which makes it by reflection. */
    public Snapshot() {
      super(() -> INSTANCE);
    }
  }
}
