package confirmations;

import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.util.Properties;

/** Sends confirmations, each on a connection of its own. */
final class Mailer {
  /** How long the mail server may take for one answer. */
  private static final int TIMEOUT_MS = 3_000;

  private final Session session;

  Mailer(String host, String port) {
    Properties settings = new Properties();
    settings.put("mail.smtp.host", host);
    settings.put("mail.smtp.port", port);
    settings.put("mail.smtp.connectiontimeout", String.valueOf(TIMEOUT_MS));
    settings.put("mail.smtp.timeout", String.valueOf(TIMEOUT_MS));
    settings.put("mail.smtp.writetimeout", String.valueOf(TIMEOUT_MS));
    session = Session.getInstance(settings);
  }

  /** Returns when the server has taken it. */
  void confirm(String order, String customer) throws MessagingException {
    MimeMessage mail = new Confirmation(session, order);
    mail.setFrom(new InternetAddress("shop@shop.example"));
    mail.setRecipient(
        Message.RecipientType.TO, new InternetAddress(customer + "@customers.example"));
    mail.setSubject("Your order " + order);
    mail.setText("Thank you. We have your order " + order + ".\r\n");
    Transport.send(mail);
  }

  /** A mail with a Message-ID of the order's, the same at each attempt. */
  private static final class Confirmation extends MimeMessage {
    private final String order;

    Confirmation(Session session, String order) {
      super(session);
      this.order = order;
    }

    /** Called when the mail is put together; without it the id is a new one each time. */
    @Override
    protected void updateMessageID() throws MessagingException {
      setHeader("Message-ID", "<confirmation." + order + "@shop.example>");
    }
  }
}
