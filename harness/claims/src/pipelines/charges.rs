//! What every service that charges a customer needs: a client with a limit, and one
//! attempt.

use super::app::{Order, Settings};
use anyhow::Context;
use reqwest::Client;
use serde_json::json;
use std::time::Duration;

/// How long the payments service may take to answer.
pub(crate) const CHARGE_TIMEOUT: Duration = Duration::from_millis(1_000);

/// Attempts of a service that retries, and the pause between the first two.
pub(crate) const ATTEMPTS: u32 = 5;
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// The payments service.
pub(crate) struct Charges {
    client: Client,
    url: String,
}

impl Charges {
    pub(crate) fn connect(settings: &Settings) -> anyhow::Result<Self> {
        // reqwest asks for one even where no URL says https. Whoever was first will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            client: Client::builder().timeout(CHARGE_TIMEOUT).build()?,
            url: format!("{}/charges", settings.get("PAYMENTS_URL")?),
        })
    }

    /// Asks once; any answer but a success is an error.
    pub(crate) async fn charge(&self, order: &Order, key: Option<&str>) -> anyhow::Result<()> {
        let body = json!({
            "order": order.id,
            "customer": order.key,
            "amount": 100,
            "checksum": order.sum,
        });
        let mut request = self.client.post(&self.url).json(&body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", format!("\"{key}\""));
        }
        let response = request.send().await.context("no answer")?;
        response.error_for_status().context("refused")?;
        Ok(())
    }

    /// Asks until it is answered with a success; `key` is asked at each attempt.
    pub(crate) async fn charge_patiently(
        &self,
        order: &Order,
        key: impl Fn(u32) -> Option<String>,
    ) -> anyhow::Result<()> {
        let mut attempt = 1;
        while let Err(error) = self.charge(order, key(attempt).as_deref()).await {
            eprintln!("attempt {attempt}: {error:#}");
            anyhow::ensure!(attempt < ATTEMPTS, "given up after {ATTEMPTS} attempts");
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        }
        Ok(())
    }
}
