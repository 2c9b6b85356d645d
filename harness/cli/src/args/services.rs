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
    /// Use the Redis at this URL instead: redis://user:password@host:port, or rediss://
    /// for TLS.
    #[arg(
        long,
        value_name = "URL",
        env = "EXACTLY_REDIS",
        hide_env_values = true
    )]
    pub redis: Option<String>,
    /// Use the mail server at this URL instead: smtp://host:port?api=http://host:8025, with
    /// the address of the Mailpit that shows its mails.
    #[arg(long, value_name = "URL", env = "EXACTLY_SMTP", hide_env_values = true)]
    pub smtp: Option<String>,
}
