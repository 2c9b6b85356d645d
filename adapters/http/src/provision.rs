//! An account for each trial, opened and dropped.

use crate::client::{Ended, Target, call};
use bytes::Bytes;
use exactly_adapter::{StartError, TrialNames};
use exactly_model::Setup;
use hyper::Method;
use serde_json::json;

/// The name of a trial's account: letters, digits and hyphens, so that it needs no
/// encoding anywhere.
pub(crate) fn account_of(names: TrialNames) -> String {
    format!("x{}-{}", names.run, names.trial)
}

/// Opens `account` with the setup applied. An account of that name that is there
/// already has charges that are not the trial's.
pub(crate) async fn open(target: &Target, account: &str, setup: &Setup) -> Result<(), StartError> {
    let keys = if setup.idempotency_keys {
        "store"
    } else {
        "none"
    };
    let settings = Bytes::from(json!({ "keys": keys }).to_string());
    let opened = call(target, Method::PUT, &path(account), Some(settings)).await;
    let why = match opened {
        Ok(Ended { status: 201, .. }) => return Ok(()),
        Ok(Ended { status: 200, .. }) => "it is there already".to_string(),
        Ok(ended) => {
            let detail = ended
                .detail()
                .unwrap_or_else(|| "no reason was given".into());
            format!("status {}: {detail}", ended.status)
        }
        Err(error) => error.to_string(),
    };
    Err(StartError::NotStarted {
        system: "http",
        why: format!("cannot open the account {account}: {why}"),
        hint: "begin again with a new run".into(),
    })
}

/// Drops `account`. Best effort: a name that stays is never used again.
pub(crate) async fn drop_account(target: &Target, account: &str) {
    match call(target, Method::DELETE, &path(account), None).await {
        Ok(Ended { status: 200, .. }) => {}
        Ok(ended) => tracing::debug!(account, ended.status, "cannot drop the trial's account"),
        Err(error) => tracing::debug!(account, %error, "cannot drop the trial's account"),
    }
}

fn path(account: &str) -> String {
    format!("/_exactly/accounts/{account}")
}
