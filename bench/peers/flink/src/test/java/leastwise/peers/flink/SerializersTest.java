package leastwise.peers.flink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import leastwise.peers.state.ClickEvent;
import leastwise.peers.state.SubjectState;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

/** What is written comes back whole. */
final class SerializersTest {
  private static final SubjectKey SUBJECT = new SubjectKey(0x0011223344556677L, 0x8899aabbccddeeffL);

  @Test
  void readsASubjectFromItsHexDigits() {
    byte[] hex = "00112233445566778899aabbccddeeff".getBytes(StandardCharsets.US_ASCII);
    assertEquals(SUBJECT, SubjectKey.of(hex));
  }

  @Test
  void givesBackAnEventWithAllItsParts() throws IOException {
    ClickEvent event = purchase();
    Click back = roundTrip(ClickSerializer.INSTANCE, new Click(SUBJECT, event));
    assertEquals(SUBJECT, back.subject());
    assertSameEvent(event, back.event());
  }

  @Test
  void givesBackAnEventWithNone() throws IOException {
    Click back = roundTrip(ClickSerializer.INSTANCE, new Click(SUBJECT, new ClickEvent()));
    assertSameEvent(new ClickEvent(), back.event());
  }

  @Test
  void givesBackAState() throws IOException {
    SubjectState state = SubjectState.empty();
    state.apply(purchase());
    assertArrayEquals(state.toBytes(), roundTrip(SubjectStateSerializer.INSTANCE, state).toBytes());
  }

  @Test
  void copiesAStateSinceItIsChangedInPlace() {
    SubjectState state = SubjectState.empty();
    assertNotSame(state.array(), SubjectStateSerializer.INSTANCE.copy(state).array());
  }

  private static <T> T roundTrip(TypeSerializer<T> serializer, T value) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(16);
    serializer.serialize(value, out);
    DataInputDeserializer in = new DataInputDeserializer(out.getCopyOfBuffer());
    T back = serializer.deserialize(in);
    assertEquals(0, in.available());
    return back;
  }

  private static ClickEvent purchase() {
    ClickEvent event = new ClickEvent();
    event.kind = ClickEvent.PURCHASE;
    event.atMs = 1_767_225_600_000L;
    event.receivedAtMs = event.atMs + 5;
    event.eventId = 1;
    event.product = -2;
    event.units = 3;
    event.unitPrice = 1_999;
    event.lineProducts = new long[] {4, -5};
    event.orderUnits = 6;
    event.revenue = 1L << 50;
    event.discount = 7;
    event.channel = 6;
    event.device = 4;
    event.place = 'D' << 8 | 'E';
    return event;
  }

  private static void assertSameEvent(ClickEvent expected, ClickEvent actual) {
    assertEquals(expected.kind, actual.kind);
    assertEquals(expected.atMs, actual.atMs);
    assertEquals(expected.receivedAtMs, actual.receivedAtMs);
    assertEquals(expected.eventId, actual.eventId);
    assertEquals(expected.product, actual.product);
    assertEquals(expected.units, actual.units);
    assertEquals(expected.unitPrice, actual.unitPrice);
    assertArrayEquals(expected.lineProducts, actual.lineProducts);
    assertEquals(expected.orderUnits, actual.orderUnits);
    assertEquals(expected.revenue, actual.revenue);
    assertEquals(expected.discount, actual.discount);
    assertEquals(expected.channel, actual.channel);
    assertEquals(expected.device, actual.device);
    assertEquals(expected.place, actual.place);
  }
}
