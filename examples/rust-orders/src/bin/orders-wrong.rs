//! The service as a process: ends with an error, and is started anew.

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    rust_orders::wrong().await
}
