//! Systems that stand by themselves, for clients of the user's own.

mod board;

pub use board::standing;

use crate::Error;
use crate::ground::{Ground, Surroundings};
use crate::registry::adapter;
use board::Posted;
use exactly_adapter::{Instance, StartError};
use exactly_model::SystemPlace;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// How often each system is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long it may take to accept a connection.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// Looks at a server that does not answer before it counts as gone.
const UNANSWERED_MAX: u32 = 4;

/// What is to stand, and where.
#[derive(Clone, Debug)]
pub struct UpOptions {
    /// Kinds of systems, and the place of each.
    pub systems: Vec<(&'static str, SystemPlace)>,
    /// The port of the only one of them; a free one without it.
    pub port: Option<u16>,
    /// The folder in which what stands is written down, for [`standing`].
    pub board: PathBuf,
    /// What they are started with.
    pub surroundings: Surroundings,
}

/// A system that stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// What kind of system.
    pub kind: String,
    /// Where it runs.
    pub place: String,
    /// Its version.
    pub version: String,
    /// What a client is told.
    pub endpoint: String,
    /// Whether its clock can be moved.
    pub clock: bool,
    /// The file with the certificate that its TLS is to be trusted by, where it has made
    /// one. It goes when the system is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
}

/// Systems that stand until they are stopped.
pub struct Up {
    standing: Vec<Standing>,
    instances: Vec<Arc<dyn Instance>>,
    ground: Ground,
    posted: io::Result<Posted>,
}

impl Up {
    /// Starts all of them at once. Where one fails, nothing is left.
    pub async fn start(options: &UpOptions) -> Result<Self, Error> {
        if let Some(port) = options.port {
            free(port)?;
        }
        let ground = Ground::take(&options.surroundings, "up")?;
        let started = start(options, &ground).await;
        match started {
            Ok((standing, instances)) => Ok(Self {
                posted: board::post(&options.board, &standing),
                standing,
                instances,
                ground,
            }),
            Err(error) => {
                let error = without_folder(error, ground.scratch());
                ground.leave().await;
                Err(error)
            }
        }
    }

    /// What stands, in the order in which it was asked for.
    pub fn standing(&self) -> &[Standing] {
        &self.standing
    }

    /// Why [`standing`] does not know of them, where that is so.
    pub fn unposted(&self) -> Option<&io::Error> {
        self.posted.as_ref().err()
    }

    /// Returns when one of them is there no longer, with its error.
    pub async fn fallen(&self) -> Error {
        let mut unanswered = vec![0; self.instances.len()];
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let each = self.instances.iter().zip(&self.standing);
            for ((instance, standing), unanswered) in each.zip(&mut unanswered) {
                *unanswered = match answers(instance.as_ref()).await {
                    true => 0,
                    false => *unanswered + 1,
                };
                if *unanswered == UNANSWERED_MAX {
                    return Error::Start(StartError::NotStarted {
                        system: known(&standing.kind),
                        why: format!(
                            "it has ended, or answers no longer at {}",
                            standing.endpoint
                        ),
                        hint: "begin again; whatever it held is gone".into(),
                    });
                }
            }
        }
    }

    /// Ends them. Nothing is left.
    pub async fn stop(self) {
        drop(self.posted);
        for instance in self.instances {
            instance.stop().await;
        }
        self.ground.leave().await;
    }
}

type Started = (Vec<Standing>, Vec<Arc<dyn Instance>>);

async fn start(options: &UpOptions, ground: &Ground) -> Result<Started, Error> {
    let host = Arc::new(ground.host(&options.surroundings, options.port));
    let starting = options.systems.iter().map(|(kind, place)| {
        let (host, place, kind) = (host.clone(), place.clone(), *kind);
        tokio::spawn(async move {
            let adapter = adapter(kind).ok_or_else(|| Error::Config {
                what: format!("there is no adapter for a system of kind {kind}"),
                hint: format!("use one of {}", crate::kinds().join(", ")),
            })?;
            adapter.start(&place, host).await.map_err(Error::Start)
        })
    });
    let starting: Vec<_> = starting.collect();
    let (mut standing, mut instances, mut failed) = (Vec::new(), Vec::new(), None);
    for ((kind, place), starting) in options.systems.iter().zip(starting) {
        let started = starting.await;
        match started.unwrap_or_else(|error| Err(Error::Harness(error.to_string()))) {
            Ok(instance) => {
                let authority = authority(kind, place, instance.as_ref(), ground).await;
                standing.push(describe(kind, place, instance.as_ref(), authority));
                instances.push(instance);
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let Some(error) = failed else {
        return Ok((standing, instances));
    };
    for instance in instances {
        instance.stop().await;
    }
    Err(error)
}

/// Writes down whom the clients of an embedded mail server have to trust for STARTTLS.
async fn authority(
    kind: &str,
    place: &SystemPlace,
    instance: &dyn Instance,
    ground: &Ground,
) -> Option<PathBuf> {
    if kind != "smtp" || *place != SystemPlace::Embedded {
        return None;
    }
    let (host, port) = instance.addresses().into_iter().next()?;
    let pem = exactly_smtp::certificate_of(&host, port).await.ok()?;
    let file = ground.scratch().join("smtp-authority.pem");
    std::fs::write(&file, pem).ok()?;
    Some(file)
}

fn describe(
    kind: &str,
    place: &SystemPlace,
    instance: &dyn Instance,
    authority: Option<PathBuf>,
) -> Standing {
    let info = instance.info(kind);
    Standing {
        kind: kind.into(),
        place: info.place,
        version: info.version,
        endpoint: instance.endpoint(),
        // The others forget nothing with time.
        clock: kind == "sqs" && *place == SystemPlace::Embedded,
        authority,
    }
}

/// Whether nobody listens on `port`. Whoever takes it a moment later is named by the
/// server's own error.
fn free(port: u16) -> Result<(), Error> {
    let listener = TcpListener::bind(("127.0.0.1", port));
    listener.map(drop).map_err(|error| {
        Error::Start(StartError::NotStarted {
            system: "server",
            why: format!("port {port} of 127.0.0.1 is not to be had: {error}"),
            hint: "give another --port, or none for a free one".into(),
        })
    })
}

async fn answers(instance: &dyn Instance) -> bool {
    let addresses = instance.addresses();
    let Some((host, port)) = addresses.first() else {
        return false;
    };
    let connect = TcpStream::connect((host.as_str(), *port));
    matches!(
        tokio::time::timeout(ANSWERED_WITHIN, connect).await,
        Ok(Ok(_))
    )
}

/// The folder goes with the command: an error must not send anybody there.
fn without_folder(error: Error, scratch: &Path) -> Error {
    match error {
        Error::Start(StartError::NotStarted { system, why, hint })
            if hint.contains(&*scratch.to_string_lossy()) =>
        {
            let hint = "what it said last stands before this".into();
            Error::Start(StartError::NotStarted { system, why, hint })
        }
        error => error,
    }
}

fn known(kind: &str) -> &'static str {
    let kinds = crate::kinds().iter();
    kinds
        .copied()
        .find(|known| *known == kind)
        .unwrap_or("system")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_no_folder_that_is_gone_by_then() {
        let error = |hint: &str| {
            let (system, why) = ("kafka", "it ended at once".to_string());
            let hint = hint.to_string();
            let error = Error::Start(StartError::NotStarted { system, why, hint });
            without_folder(error, Path::new("/tmp/exactly-up-1")).to_string()
        };
        let text = error("its whole output is in /tmp/exactly-up-1-x/output/kafka.log");
        assert!(text.contains("ended at once; what it said last"), "{text}");
        let text = error("set JAVA_HOME");
        assert!(text.ends_with("set JAVA_HOME"), "{text}");
    }
}
