// Two mails by Jakarta Mail (Eclipse Angus): in the clear, and by STARTTLS with AUTH.
//
//     java -cp 'libs/*' Round.java HOST:PORT CERTIFICATES
//
// CERTIFICATES is a file in PEM with whom to trust. Ends with the line `ok` when the server
// took both, and was refused where nobody trusts it; else with what was not so.

import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.angus.mail.smtp.SMTPTransport;

public final class Round {
    private static final String SOON = "10000";

    private static String host;
    private static String port;

    public static void main(String[] arguments) throws Exception {
        String address = arguments[0].replaceFirst("^smtp://", "");
        int colon = address.lastIndexOf(':');
        host = address.substring(0, colon);
        port = address.substring(colon + 1);

        inTheClear();
        encrypted(trusting(Path.of(arguments[1])));
        unknownToTheSystem();
        System.out.println("Jakarta Mail: Angus " + version()
            + ", Java " + System.getProperty("java.version"));
        System.out.println("ok");
    }

    private static void inTheClear() throws Exception {
        Session session = Session.getInstance(settings());
        try (SMTPTransport transport = (SMTPTransport) session.getTransport("smtp")) {
            transport.connect();
            holds(transport.supportsExtension("STARTTLS"), "STARTTLS is not offered");
            send(transport, mail(session, "clear öffentlich"));
        }
    }

    private static void encrypted(SSLSocketFactory trusting) throws Exception {
        Properties settings = settings();
        settings.put("mail.smtp.starttls.enable", "true");
        settings.put("mail.smtp.starttls.required", "true");
        settings.put("mail.smtp.ssl.checkserveridentity", "true");
        settings.put("mail.smtp.ssl.socketFactory", trusting);
        settings.put("mail.smtp.auth", "true");
        Session session = Session.getInstance(settings);
        try (SMTPTransport transport = (SMTPTransport) session.getTransport("smtp")) {
            transport.connect("shop", "any password");
            holds(transport.isSSL(), "the connection is not encrypted");
            send(transport, mail(session, "encrypted verschlüsselt"));
        }
    }

    /** Who trusts nobody in particular gets no connection: the check above is one. */
    private static void unknownToTheSystem() {
        Properties settings = settings();
        settings.put("mail.smtp.starttls.enable", "true");
        settings.put("mail.smtp.starttls.required", "true");
        try (SMTPTransport transport =
                (SMTPTransport) Session.getInstance(settings).getTransport("smtp")) {
            transport.connect();
        } catch (MessagingException refused) {
            Throwable cause = refused;
            while (cause != null && !(cause instanceof SSLException)) {
                cause = cause.getCause();
            }
            holds(cause != null, "refused for another reason: " + refused);
            return;
        }
        throw new AssertionError("a certificate that nobody trusts was taken");
    }

    private static void send(SMTPTransport transport, MimeMessage mail) throws MessagingException {
        mail.saveChanges();
        transport.sendMessage(mail, mail.getAllRecipients());
        holds(transport.getLastReturnCode() == 250, transport.getLastServerResponse());
    }

    private static MimeMessage mail(Session session, String subject) throws MessagingException {
        String id = "<" + subject.split(" ")[0] + ".jakarta-mail@shop.example>";
        MimeMessage mail = new MimeMessage(session) {
            @Override
            protected void updateMessageID() throws MessagingException {
                setHeader("Message-ID", id);
            }
        };
        mail.setFrom(new InternetAddress("shop@shop.example"));
        mail.setRecipients(Message.RecipientType.TO, "one@customers.example, two@customers.example");
        mail.setSubject(subject, "UTF-8");
        // A line that is a dot ends a mail, unless the client doubles it.
        mail.setText("Grüße\r\n.\r\n..\r\n.bye\r\n", "UTF-8");
        return mail;
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.put("mail.smtp.host", host);
        settings.put("mail.smtp.port", port);
        settings.put("mail.smtp.connectiontimeout", SOON);
        settings.put("mail.smtp.timeout", SOON);
        settings.put("mail.smtp.writetimeout", SOON);
        return settings;
    }

    private static SSLSocketFactory trusting(Path file) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream pem = Files.newInputStream(file)) {
            int n = 0;
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                trusted.setCertificateEntry("trusted-" + n++, one);
            }
        }
        TrustManagerFactory managers =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    private static String version() throws IOException {
        Properties properties = new Properties();
        try (InputStream jar = SMTPTransport.class.getResourceAsStream(
                "/META-INF/maven/org.eclipse.angus/jakarta.mail/pom.properties")) {
            properties.load(jar);
        }
        return properties.getProperty("version");
    }

    private static void holds(boolean truth, String otherwise) {
        if (!truth) {
            throw new AssertionError(otherwise);
        }
    }
}
