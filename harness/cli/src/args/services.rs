//! Where services that are spoken to over HTTP run.

use clap::Args;

/// Services of the user's.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceArgs {
    /// Use whatever speaks SQS at this plain HTTP endpoint instead. Credentials are
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or dummies.
    #[arg(long, value_name = "URL", env = "EXACTLY_SQS", hide_env_values = true)]
    pub sqs: Option<String>,
    /// Use the HTTP service at this URL instead.
    #[arg(long, value_name = "URL", env = "EXACTLY_HTTP", hide_env_values = true)]
    pub http: Option<String>,
}
