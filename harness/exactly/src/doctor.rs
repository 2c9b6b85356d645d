//! What is at hand for each system and place. What starts in a moment is started and
//! stopped again; of the rest it is seen whether it could be.

use crate::Error;
use crate::ground::{Ground, Surroundings};
use crate::registry::adapter;
use exactly_adapter::{Adapter, Host, StartError};
use exactly_model::{SystemPlace, redact};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A system that takes longer is not at hand.
const WITHIN: Duration = Duration::from_secs(60);

/// What was found of one system at one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// What kind of system.
    pub kind: &'static str,
    /// The place, without secrets.
    pub place: String,
    /// Whether it was asked for, or is embedded: then it has to be there.
    pub needed: bool,
    /// The version, or what is missing.
    pub state: Result<String, Missing>,
}

/// What is missing, and how it is got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// What.
    pub why: String,
    /// The command that gets it, or what else to do.
    pub hint: String,
}

/// Looks at all systems at once. `asked` are the places that are to be there beside
/// the embedded ones.
pub async fn doctor(
    surroundings: &Surroundings,
    asked: &BTreeMap<String, SystemPlace>,
) -> Result<Vec<Found>, Error> {
    let ground = Ground::take(surroundings, "doctor")?;
    let host: Arc<dyn Host> = Arc::new(ground.host(surroundings, None));
    let mut looking = Vec::new();
    for kind in crate::kinds().iter().copied() {
        let asked = asked.get(kind).filter(|p| **p != SystemPlace::Embedded);
        let mut places = vec![SystemPlace::Embedded];
        match asked {
            Some(place @ SystemPlace::Local { .. }) => places.push(place.clone()),
            Some(place) => places.extend([SystemPlace::Local { nodes: 1 }, place.clone()]),
            None => places.push(SystemPlace::Local { nodes: 1 }),
        }
        for place in places {
            let needed = place == SystemPlace::Embedded || asked == Some(&place);
            let looked = tokio::spawn(look(kind, place, needed, Arc::clone(&host)));
            looking.push(looked);
        }
    }
    let mut found = Vec::new();
    for looked in looking {
        let looked = looked.await;
        found.extend(looked.map_err(|error| Error::Harness(error.to_string()))?);
    }
    ground.leave().await;
    Ok(found)
}

/// `None` for a place that this kind of system does not have, unless it was asked for.
async fn look(
    kind: &'static str,
    place: SystemPlace,
    needed: bool,
    host: Arc<dyn Host>,
) -> Option<Found> {
    let adapter = adapter(kind)?;
    let looking = tokio::time::timeout(WITHIN, state(adapter.as_ref(), &place, host));
    let state = match looking.await {
        Ok(Err(StartError::Config { .. })) if !needed => return None,
        Ok(Ok(version)) => Ok(version),
        Ok(Err(error)) => Err(missing(error)),
        Err(_) => Err(Missing {
            why: format!("it was not there within {} s", WITHIN.as_secs()),
            hint: "try again when the machine has less to do".into(),
        }),
    };
    Some(Found {
        kind,
        place: match place {
            // One node stands for however many.
            SystemPlace::Local { .. } => "local".into(),
            place => redact(&place.to_string()),
        },
        needed,
        state,
    })
}

async fn state(
    adapter: &dyn Adapter,
    place: &SystemPlace,
    host: Arc<dyn Host>,
) -> Result<String, StartError> {
    let mut version = None;
    if !matches!(place, SystemPlace::At(_)) {
        // Nothing is fetched by a look: where something is missing, it ends here.
        version = adapter.at_hand(place, Arc::clone(&host)).await?;
    }
    if let SystemPlace::Local { .. } = place {
        return Ok(version.unwrap_or_default());
    }
    let instance = adapter.start(place, host).await?;
    let version = instance.info(adapter.kind()).version;
    instance.stop().await;
    Ok(version)
}

fn missing(error: StartError) -> Missing {
    match error {
        StartError::Unreachable {
            address, why, hint, ..
        } => Missing {
            why: format!("cannot be reached at {address}: {why}"),
            hint,
        },
        StartError::NotStarted { why, hint, .. } | StartError::Config { why, hint, .. } => {
            Missing { why, hint }
        }
    }
}
