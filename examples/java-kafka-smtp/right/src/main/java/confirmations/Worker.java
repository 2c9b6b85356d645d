package confirmations;

import com.google.gson.Gson;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes orders from a Kafka topic, inserts a row for each and confirms it by mail.
 *
 * <p>The order and the confirmation that is to be sent are stored in one transaction; the {@link
 * Relay} sends what is stored. An order that Kafka gives out again is known by its key.
 *
 * <p>Any error ends the process: whoever supervises it starts it again, and Kafka gives out again
 * what was not committed.
 */
public final class Worker {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
  private static final Gson GSON = new Gson();

  /** How long a poll waits for records. */
  private static final Duration POLL_TIMEOUT = Duration.ofMillis(200);

  /** How long one request to a broker may take. */
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(3);

  /** How long a call of the Kafka client may take, with its retries. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

  /** How long the database may take for one answer, in the unit of its driver. */
  private static final int DATABASE_TIMEOUT_SECONDS = 3;

  private record Order(String id, String customer, long n, String sum) {}

  private static volatile boolean stopping;

  public static void main(String[] args) throws Exception {
    stopOnSignal();
    KafkaConsumer<String, String> consumer = new KafkaConsumer<>(consumerSettings());
    try (Connection database = connect();
        Connection relayed = connect()) {
      Relay relay = new Relay(relayed, new Mailer(required("SMTP_HOST"), required("SMTP_PORT")));
      relay.start();
      consumer.subscribe(List.of(required("TOPIC")));
      LOG.info("started");
      while (!stopping) {
        take(consumer, database, relay);
        relay.ensureItRuns();
      }
      relay.finish();
      LOG.info("stopped");
    } finally {
      // Leaves the group, so that the next member need not wait for a timeout.
      consumer.close(CloseOptions.timeout(REQUEST_TIMEOUT));
    }
  }

  /** Stores the orders of one poll, and commits the offset of each. */
  private static void take(
      KafkaConsumer<String, String> consumer, Connection database, Relay relay)
      throws SQLException {
    for (ConsumerRecord<String, String> record : consumer.poll(POLL_TIMEOUT)) {
      if (stopping) {
        return;
      }
      store(database, GSON.fromJson(record.value(), Order.class));
      relay.wake();
      consumer.commitSync(
          Map.of(
              new TopicPartition(record.topic(), record.partition()),
              new OffsetAndMetadata(record.offset() + 1)));
    }
  }

  private static void store(Connection database, Order order) throws SQLException {
    if (insert(database, order)) {
      try (var insert = database.prepareStatement("insert into outbox (id) values (?)")) {
        insert.setString(1, order.id());
        insert.executeUpdate();
      }
    }
    database.commit();
  }

  /** Whether it is new. */
  private static boolean insert(Connection database, Order order) throws SQLException {
    try (var insert =
        database.prepareStatement(
            "insert into orders (id, customer, n, sum) values (?, ?, ?, ?)"
                + " on conflict (id) do nothing")) {
      insert.setString(1, order.id());
      insert.setString(2, order.customer());
      insert.setLong(3, order.n());
      insert.setString(4, order.sum());
      return insert.executeUpdate() == 1;
    }
  }

  private static Connection connect() throws SQLException {
    Properties settings = new Properties();
    settings.put("connectTimeout", String.valueOf(DATABASE_TIMEOUT_SECONDS));
    settings.put("socketTimeout", String.valueOf(DATABASE_TIMEOUT_SECONDS));
    Connection database = DriverManager.getConnection(required("DATABASE_URL"), settings);
    database.setAutoCommit(false);
    return database;
  }

  private static Map<String, Object> consumerSettings() {
    int requestTimeout = (int) REQUEST_TIMEOUT.toMillis();
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
        Map.entry(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, requestTimeout),
        Map.entry(
            ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.toMillis()),
        Map.entry(ConsumerConfig.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG, requestTimeout),
        Map.entry(ConsumerConfig.SOCKET_CONNECTION_SETUP_TIMEOUT_MAX_MS_CONFIG, requestTimeout),
        Map.entry(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 200),
        Map.entry(ConsumerConfig.RETRY_BACKOFF_MAX_MS_CONFIG, 200));
  }

  /** At SIGTERM the record in hand is finished first. */
  private static void stopOnSignal() {
    Thread main = Thread.currentThread();
    Thread hook =
        new Thread(
            () -> {
              stopping = true;
              try {
                main.join(CALL_TIMEOUT.toMillis());
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
