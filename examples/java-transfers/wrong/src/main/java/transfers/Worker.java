package transfers;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes transfers from one Kafka topic and sends each on to another.
 *
 * <p>"The producer is idempotent, so no transfer is sent on twice." It is, within its own life: a
 * worker that is started again after a crash sends the last transfer again, as a new record of a new
 * producer.
 *
 * <p>Any error ends the process: whoever supervises it starts it again, and Kafka gives out again
 * what was not committed.
 */
public final class Worker {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

  /** How long a poll waits for records. */
  private static final Duration POLL_TIMEOUT = Duration.ofMillis(200);

  /** How long one request to a broker may take. */
  private static final int REQUEST_TIMEOUT_MS = 3_000;

  /** How long a call of the Kafka clients may take, with its retries. */
  private static final int CALL_TIMEOUT_MS = 10_000;

  private static volatile boolean stopping;

  public static void main(String[] args) throws ExecutionException, InterruptedException {
    stopOnSignal();
    String out = required("OUT");
    KafkaConsumer<String, String> consumer = new KafkaConsumer<>(consumerSettings());
    KafkaProducer<String, String> producer = new KafkaProducer<>(producerSettings());
    try {
      consumer.subscribe(List.of(required("TOPIC")));
      LOG.info("started");
      while (!stopping) {
        for (ConsumerRecord<String, String> transfer : consumer.poll(POLL_TIMEOUT)) {
          producer.send(new ProducerRecord<>(out, transfer.key(), transfer.value())).get();
          consumer.commitSync(
              Map.of(
                  new TopicPartition(transfer.topic(), transfer.partition()),
                  new OffsetAndMetadata(transfer.offset() + 1)));
        }
      }
      LOG.info("stopped");
    } finally {
      producer.close(Duration.ofMillis(REQUEST_TIMEOUT_MS));
      // Leaves the group, so that the next member need not wait for a timeout.
      consumer.close(CloseOptions.timeout(Duration.ofMillis(REQUEST_TIMEOUT_MS)));
    }
  }

  private static Map<String, Object> consumerSettings() {
    int session = Integer.parseInt(System.getenv().getOrDefault("SESSION_TIMEOUT_MS", "10000"));
    return Map.ofEntries(
        Map.entry(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, required("BROKERS")),
        Map.entry(ConsumerConfig.GROUP_ID_CONFIG, required("GROUP")),
        Map.entry(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class),
        Map.entry(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class),
        Map.entry(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false),
        Map.entry(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest"),
        Map.entry(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 10),
        Map.entry(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, session),
        Map.entry(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, session / 4),
        Map.entry(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, session),
        Map.entry(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MS),
        Map.entry(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_TIMEOUT_MS),
        Map.entry(
            CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG, REQUEST_TIMEOUT_MS),
        Map.entry(
            CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MAX_MS_CONFIG, REQUEST_TIMEOUT_MS),
        Map.entry(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 200),
        Map.entry(CommonClientConfigs.RETRY_BACKOFF_MAX_MS_CONFIG, 200));
  }

  private static Map<String, Object> producerSettings() {
    return Map.ofEntries(
        Map.entry(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, required("BROKERS")),
        Map.entry(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class),
        Map.entry(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, StringSerializer.class),
        Map.entry(ProducerConfig.ACKS_CONFIG, "all"),
        Map.entry(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true),
        Map.entry(ProducerConfig.LINGER_MS_CONFIG, 0),
        Map.entry(ProducerConfig.MAX_BLOCK_MS_CONFIG, CALL_TIMEOUT_MS),
        Map.entry(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MS),
        Map.entry(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_TIMEOUT_MS),
        Map.entry(
            CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG, REQUEST_TIMEOUT_MS),
        Map.entry(
            CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MAX_MS_CONFIG, REQUEST_TIMEOUT_MS),
        Map.entry(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 200),
        Map.entry(CommonClientConfigs.RETRY_BACKOFF_MAX_MS_CONFIG, 200));
  }

  /** At SIGTERM the transfers in hand are finished first. */
  private static void stopOnSignal() {
    Thread main = Thread.currentThread();
    Thread hook =
        new Thread(
            () -> {
              stopping = true;
              try {
                main.join(CALL_TIMEOUT_MS);
              } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
              }
            });
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private static String required(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalStateException(name + " is not set");
    }
    return value;
  }
}
