"""Two mails by Python's smtplib: in the clear, and by STARTTLS with AUTH.

    round.py HOST:PORT CERTIFICATES

CERTIFICATES is a file in PEM with whom to trust. Ends with the line `ok` when the server
took both, and was refused where nobody trusts it; else with what was not so.
"""

import platform
import smtplib
import ssl
import sys
from email.message import EmailMessage

HOST, _, PORT = sys.argv[1].removeprefix("smtp://").rpartition(":")
CERTIFICATES = sys.argv[2]


def mail(subject):
    message = EmailMessage()
    message["From"] = "shop@shop.example"
    message["To"] = "one@customers.example, two@customers.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{subject.split()[0]}.smtplib@shop.example>"
    # A line that is a dot ends a mail, unless the client doubles it.
    # Written out: smtplib sends octets above 127 as they are, and says no BODY=8BITMIME.
    message.set_content("Grüße\n.\n..\n.bye\n", cte="quoted-printable")
    return message


def connect():
    server = smtplib.SMTP(HOST, int(PORT), timeout=10)
    server.ehlo()
    assert server.has_extn("starttls"), server.esmtp_features
    return server


def in_the_clear():
    with connect() as server:
        refused = server.send_message(mail("clear öffentlich"))
        assert refused == {}, refused
        # One more on the same connection, to nobody: the first is done with.
        server.rset()
        assert server.noop()[0] == 250


def encrypted():
    with connect() as server:
        code, text = server.starttls(context=ssl.create_default_context(cafile=CERTIFICATES))
        assert code == 220, (code, text)
        server.ehlo()
        assert not server.has_extn("starttls"), "STARTTLS within TLS"
        assert server.has_extn("auth"), server.esmtp_features
        code, text = server.login("shop", "any password")
        assert code == 235, (code, text)
        refused = server.send_message(mail("encrypted verschlüsselt"))
        assert refused == {}, refused


def unknown_to_the_system():
    """Who trusts nobody in particular gets no connection: the check above is one."""
    server = connect()
    try:
        server.starttls(context=ssl.create_default_context())
    except ssl.SSLCertVerificationError:
        server.close()
    else:
        raise AssertionError("a certificate that nobody trusts was taken")


in_the_clear()
encrypted()
unknown_to_the_system()
print(f"smtplib, Python {platform.python_version()}, {ssl.OPENSSL_VERSION}")
print("ok")
