//! What every service that writes to its customers needs: a transport with a limit, and
//! the mail about an order.

use super::app::{Order, Settings};
use anyhow::{Context, anyhow};
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::Duration;

/// How long it may take to hand a mail over.
pub(crate) const MAIL_TIMEOUT: Duration = Duration::from_millis(1_000);

/// Attempts of a service that retries, and the pause between the first two.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// The mail server, and who writes.
pub(crate) struct Mails {
    host: String,
    port: u16,
    transport: Transport,
}

impl Mails {
    pub(crate) fn connect(settings: &Settings) -> anyhow::Result<Self> {
        let host = settings.get("SMTP_HOST")?.to_string();
        let port = settings.get("SMTP_PORT")?;
        let port = port
            .parse()
            .with_context(|| format!("SMTP_PORT: {port:?} is not a port"))?;
        let transport = transport(&host, port);
        Ok(Self {
            host,
            port,
            transport,
        })
    }

    /// Hands the mail about an order over; any answer but a success is an error. After
    /// one the connection must not be used again.
    pub(crate) async fn send(&self, order: &Order) -> anyhow::Result<()> {
        let sending = self.transport.send(mail(order)?);
        match tokio::time::timeout(MAIL_TIMEOUT, sending).await {
            Ok(sent) => {
                sent.context("the mail was refused")?;
                Ok(())
            }
            Err(_) => Err(anyhow!("no answer within {MAIL_TIMEOUT:?}")),
        }
    }

    /// The same, until it is taken: each attempt on a connection of its own.
    pub(crate) async fn send_patiently(&mut self, order: &Order) -> anyhow::Result<()> {
        for attempt in 1..=ATTEMPTS {
            let Err(error) = self.send(order).await else {
                return Ok(());
            };
            pause_after(attempt, &error).await;
            self.transport = transport(&self.host, self.port);
        }
        Err(anyhow!("given up after {ATTEMPTS} attempts"))
    }

    /// The same, each attempt on whatever connection the pool hands out: one whose send
    /// was given up is among them, with the reply to it still to come.
    pub(crate) async fn send_by_the_pool(&self, order: &Order) -> anyhow::Result<()> {
        for attempt in 1..=ATTEMPTS {
            let Err(error) = self.send(order).await else {
                return Ok(());
            };
            pause_after(attempt, &error).await;
        }
        Err(anyhow!("given up after {ATTEMPTS} attempts"))
    }
}

async fn pause_after(attempt: u32, error: &anyhow::Error) {
    eprintln!("attempt {attempt}: {error:#}");
    tokio::time::sleep(PAUSE * attempt).await;
}

/// A transport with a pool of connections, as lettre makes it where nobody asks for
/// anything else.
pub(crate) fn transport(host: &str, port: u16) -> Transport {
    Transport::builder_dangerous(host).port(port).build()
}

/// The mail that confirms an order. Its Message-ID is the order's: whoever gets it twice
/// can tell.
pub(crate) fn mail(order: &Order) -> anyhow::Result<Message> {
    let from: Mailbox = "Shop <orders@shop.example>".parse()?;
    let to: Mailbox = format!("{}@customers.example", order.key).parse()?;
    let body = serde_json::to_string(order)?;
    Message::builder()
        .from(from)
        .to(to)
        .subject(format!("Your order {}", order.id))
        .message_id(Some(format!("<{}@shop.example>", order.id)))
        .body(body)
        .context("cannot write the mail")
}
