package leastwise.peers.flink;

import leastwise.peers.state.ClickEventReader;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Makes events of Kafka's records. */
final class ClickSchema implements KafkaRecordDeserializationSchema<Click> {
  private static final long serialVersionUID = 1L;

  private transient ClickEventReader reader;

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    reader = new ClickEventReader();
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Click> out) {
    out.collect(new Click(SubjectKey.of(record.key()), reader.read(record.value())));
  }

  @Override
  public TypeInformation<Click> getProducedType() {
    return OwnType.CLICK;
  }
}
