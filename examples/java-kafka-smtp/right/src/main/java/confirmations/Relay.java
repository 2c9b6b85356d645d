package confirmations;

import jakarta.mail.MessagingException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Sends the confirmations that stand in the outbox, the oldest order first.
 *
 * <p>A confirmation is marked in a transaction that ends only when the server has taken the mail,
 * so that none is lost. Its row is locked meanwhile, and another relay passes over it. A crash
 * between the server's 250 and COMMIT sends the mail again, under the same Message-ID: no client
 * can know in that gap whether the mail was taken (RFC 1047).
 */
final class Relay extends Thread {
  /**
   * How long it sleeps when nobody wakes it. It looks then for what another one has left behind.
   */
  private static final Duration PAUSE = Duration.ofMillis(250);

  /** How long the confirmation in hand may take when the worker stops. */
  private static final Duration LAST = Duration.ofSeconds(8);

  private record Confirmation(String id, String customer) {}

  private final Connection database;
  private final Mailer mailer;
  private final Semaphore woken = new Semaphore(0);
  private volatile boolean finishing;
  private volatile Exception failure;

  Relay(Connection database, Mailer mailer) {
    super("relay");
    this.database = database;
    this.mailer = mailer;
    setDaemon(true);
  }

  /** There is something in the outbox. */
  void wake() {
    woken.release();
  }

  /** Any error of the relay ends the worker, as every other one does. */
  void ensureItRuns() throws Exception {
    if (failure != null) {
      throw failure;
    }
  }

  /** Lets it end what it has begun. */
  void finish() throws Exception {
    finishing = true;
    wake();
    join(LAST.toMillis());
    ensureItRuns();
  }

  @Override
  public void run() {
    try {
      while (!finishing) {
        if (!isAnythingLeft() || !sendNext()) {
          woken.tryAcquire(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
          woken.drainPermits();
        }
      }
    } catch (InterruptedException | MessagingException | SQLException error) {
      failure = error;
    }
  }

  /** Outside of a transaction, so that an empty outbox costs one statement. */
  private boolean isAnythingLeft() throws SQLException {
    database.setAutoCommit(true);
    try (var select =
            database.prepareStatement("select exists (select from outbox where sent_at is null)");
        var found = select.executeQuery()) {
      found.next();
      return found.getBoolean(1);
    }
  }

  /** Sends one that no other relay has in hand; answers whether there was one. */
  private boolean sendNext() throws MessagingException, SQLException {
    database.setAutoCommit(false);
    Confirmation confirmation = mark();
    if (confirmation != null) {
      mailer.confirm(confirmation.id(), confirmation.customer());
    }
    database.commit();
    return confirmation != null;
  }

  private Confirmation mark() throws SQLException {
    try (var update =
            database.prepareStatement(
                "update outbox set sent_at = now() from orders where orders.id = outbox.id and"
                    + " outbox.id = (select o.id from outbox o join orders using (id) where"
                    + " o.sent_at is null order by orders.n, o.id limit 1"
                    + " for update of o skip locked)"
                    + " returning outbox.id, orders.customer");
        var marked = update.executeQuery()) {
      return marked.next() ? new Confirmation(marked.getString(1), marked.getString(2)) : null;
    }
  }
}
