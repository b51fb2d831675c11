package leastwise.peers.flink;

import java.io.IOException;
import leastwise.peers.state.ClickEvent;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Writes an event from the source to the operator that keeps its subject. What most events lack costs one bit. */
public final class ClickSerializer extends OwnSerializer<Click> {
  static final ClickSerializer INSTANCE = new ClickSerializer();

  private static final long serialVersionUID = 1L;

  private static final int PRODUCT = 1;
  private static final int ORDER = 2;
  private static final int ORIGIN = 4;

  @Override
  public Click createInstance() {
    return new Click(SubjectKeySerializer.INSTANCE.createInstance(), new ClickEvent());
  }

  @Override
  public void serialize(Click click, DataOutputView out) throws IOException {
    SubjectKeySerializer.INSTANCE.serialize(click.subject(), out);
    ClickEvent event = click.event();
    int parts = partsOf(event);
    out.writeByte(event.kind);
    out.writeByte(parts);
    out.writeLong(event.atMs);
    out.writeLong(event.receivedAtMs);
    out.writeLong(event.eventId);
    if ((parts & PRODUCT) != 0) writeProduct(event, out);
    if ((parts & ORDER) != 0) writeOrder(event, out);
    if ((parts & ORIGIN) != 0) writeOrigin(event, out);
  }

  @Override
  public Click deserialize(DataInputView in) throws IOException {
    SubjectKey subject = SubjectKeySerializer.INSTANCE.deserialize(in);
    ClickEvent event = new ClickEvent();
    event.kind = in.readByte();
    int parts = in.readByte();
    event.atMs = in.readLong();
    event.receivedAtMs = in.readLong();
    event.eventId = in.readLong();
    if ((parts & PRODUCT) != 0) readProduct(event, in);
    if ((parts & ORDER) != 0) readOrder(event, in);
    if ((parts & ORIGIN) != 0) readOrigin(event, in);
    return new Click(subject, event);
  }

  private static int partsOf(ClickEvent event) {
    int product = event.product == 0 ? 0 : PRODUCT;
    int order = event.kind == ClickEvent.PURCHASE ? ORDER : 0;
    int origin = (event.channel | event.device | event.place) == 0 ? 0 : ORIGIN;
    return product | order | origin;
  }

  private static void writeProduct(ClickEvent event, DataOutputView out) throws IOException {
    out.writeLong(event.product);
    out.writeInt(event.units);
    out.writeLong(event.unitPrice);
  }

  private static void readProduct(ClickEvent event, DataInputView in) throws IOException {
    event.product = in.readLong();
    event.units = in.readInt();
    event.unitPrice = in.readLong();
  }

  private static void writeOrder(ClickEvent event, DataOutputView out) throws IOException {
    out.writeShort(event.lineProducts.length);
    for (long product : event.lineProducts) out.writeLong(product);
    out.writeInt(event.orderUnits);
    out.writeLong(event.revenue);
    out.writeLong(event.discount);
  }

  private static void readOrder(ClickEvent event, DataInputView in) throws IOException {
    event.lineProducts = new long[in.readUnsignedShort()];
    for (int line = 0; line < event.lineProducts.length; line += 1) event.lineProducts[line] = in.readLong();
    event.orderUnits = in.readInt();
    event.revenue = in.readLong();
    event.discount = in.readLong();
  }

  private static void writeOrigin(ClickEvent event, DataOutputView out) throws IOException {
    out.writeByte(event.channel);
    out.writeByte(event.device);
    out.writeLong(event.place);
  }

  private static void readOrigin(ClickEvent event, DataInputView in) throws IOException {
    event.channel = in.readUnsignedByte();
    event.device = in.readUnsignedByte();
    event.place = in.readLong();
  }

  @Override
  public TypeSerializerSnapshot<Click> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Names the serializer in a checkpoint. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<Click> {
    /** For Flink, which makes it by reflection. */
    public Snapshot() {
      super(() -> INSTANCE);
    }
  }
}
