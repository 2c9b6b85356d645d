//! A trial's streams.

use crate::KIND;
use crate::client::{Link, Trouble};
use crate::names::Names;
use exactly_adapter::StartError;
use redis::cmd;

/// Creates every stream of the setup with the trial's consumer group, which is to be
/// given all entries from the first on. Channels need not be created.
pub(crate) async fn create(link: &Link, names: &Names) -> Result<(), StartError> {
    for stream in names.streams() {
        let mut command = cmd("XGROUP");
        command.arg("CREATE").arg(names.physical(&stream.name));
        command.arg(names.group()).arg("0").arg("MKSTREAM");
        let created = link.look(&command).await;
        created.map_err(|error| cannot_create(&stream.name, &error))?;
    }
    Ok(())
}

fn cannot_create(stream: &str, error: &Trouble) -> StartError {
    let hint = match error {
        error if error.is_refused("BUSYGROUP") || error.is_refused("WRONGTYPE") => {
            "it is there already: remove the keys of an earlier run of the same number"
        }
        error if error.is_refused("NOPERM") => NO_PERMISSION,
        Trouble::Refused { .. } => "see what the server says of it",
        _ => "see whether the server is up",
    };
    StartError::Config {
        system: KIND,
        why: format!("cannot create the stream {stream} (XGROUP CREATE): {error}"),
        hint: hint.into(),
    }
}

/// What to do about an ACL user that may do too little.
pub(crate) const NO_PERMISSION: &str =
    "let the user do what a trial needs: ACL SETUSER NAME +@all -@dangerous +info +keys ~x* &x*";
