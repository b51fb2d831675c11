package leastwise.peers.flink;

import leastwise.peers.state.SubjectState;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** Tells Flink of a type that has a serializer of ours. */
final class OwnType<T> extends TypeInformation<T> {
  static final OwnType<Click> CLICK = new OwnType<>(Click.class, ClickSerializer.INSTANCE, false);
  static final OwnType<SubjectKey> SUBJECT = new OwnType<>(SubjectKey.class, SubjectKeySerializer.INSTANCE, true);
  static final OwnType<SubjectState> STATE =
      new OwnType<>(SubjectState.class, SubjectStateSerializer.INSTANCE, false);

  private static final long serialVersionUID = 1L;

  private final Class<T> type;
  private final TypeSerializer<T> serializer;
  private final boolean isKey;

  private OwnType(Class<T> type, TypeSerializer<T> serializer, boolean isKey) {
    this.type = type;
    this.serializer = serializer;
    this.isKey = isKey;
  }

  @Override
  public TypeSerializer<T> createSerializer(SerializerConfig config) {
    return serializer;
  }

  @Override
  @SuppressWarnings({"deprecation", "removal"}) // 1.20 still asks for it
  public TypeSerializer<T> createSerializer(ExecutionConfig config) {
    return serializer;
  }

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public Class<T> getTypeClass() {
    return type;
  }

  @Override
  public boolean isKeyType() {
    return isKey;
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof OwnType;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof OwnType<?> own && own.type == type;
  }

  @Override
  public int hashCode() {
    return type.hashCode();
  }

  @Override
  public String toString() {
    return type.getSimpleName();
  }
}
