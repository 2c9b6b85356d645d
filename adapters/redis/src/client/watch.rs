//! Whoever is not there gets nothing: a channel is observed by a subscriber, from
//! before the pipeline starts until the trial is closed.

use super::content;
use super::link::{Connected, Way};
use super::trouble::Trouble;
use exactly_adapter::Seen;
use redis::{PushInfo, PushKind, Value};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Messages that are kept of a channel.
const KEPT_MAX: usize = 1_000_000;
/// How long it may take until the server says that it has subscribed.
const SUBSCRIBED_WITHIN: Duration = Duration::from_secs(5);
/// How soon a subscriber that was cut off dials again: what is published meanwhile it
/// does not see.
const AGAIN_AFTER: Duration = Duration::from_millis(5);

/// What is watched, by the channels' physical names.
pub(crate) struct Watches {
    way: Arc<Way>,
    all: Mutex<BTreeMap<String, Watch>>,
}

struct Watch {
    heard: Arc<Heard>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a subscriber has heard.
#[derive(Default)]
struct Heard {
    kept: Mutex<Kept>,
    subscribed: AtomicBool,
    changed: Notify,
}

#[derive(Default)]
struct Kept {
    seen: Vec<Seen>,
    /// Messages without an id, the first in words.
    strange: Option<String>,
    /// Why the subscriber is not there, or was not.
    absent: Option<String>,
    /// The same, after it was there once: what was published meanwhile it missed.
    missed: Option<String>,
}

impl Heard {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn message(&self, push: &PushInfo) {
        if push.kind != PushKind::Message {
            return;
        }
        let [_, Value::BulkString(payload)] = push.data.as_slice() else {
            return;
        };
        let mut kept = self.kept();
        let position = i64::try_from(kept.seen.len()).unwrap_or(i64::MAX);
        match content::of_value(payload, b"", Some(position)) {
            _ if kept.seen.len() >= KEPT_MAX => {
                kept.missed = Some(format!("more than {KEPT_MAX} messages came"));
            }
            Some(seen) => kept.seen.push(seen),
            None => {
                let shown: Vec<u8> = payload.iter().copied().take(80).collect();
                let shown = String::from_utf8_lossy(&shown).into_owned();
                kept.strange
                    .get_or_insert(format!("a message carries no message id ({shown:?})"));
            }
        }
    }

    /// Before it was there for the first time nobody has relied on it.
    fn absent(&self, why: String, was_there: bool) {
        let mut kept = self.kept();
        if was_there {
            kept.missed.get_or_insert_with(|| why.clone());
        }
        kept.absent = Some(why);
    }

    fn is(&self, subscribed: bool) {
        self.subscribed.store(subscribed, Ordering::SeqCst);
        self.changed.notify_waiters();
    }
}

/// Why a channel cannot be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Unheard {
    /// Not all that came carries an id.
    Strange(String),
    /// Not all may have been heard.
    Missed(String),
}

impl Watches {
    pub fn new(way: Arc<Way>) -> Self {
        Self {
            way,
            all: Mutex::default(),
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Watch>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to `channel`, once. Returns when the server has said so.
    pub async fn begin(&self, channel: &str) -> Result<(), Trouble> {
        let heard = self.heard(channel);
        let there = async {
            loop {
                let changed = heard.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if heard.subscribed.load(Ordering::SeqCst) {
                    return;
                }
                changed.await;
            }
        };
        let there = tokio::time::timeout(SUBSCRIBED_WITHIN, there).await;
        there.map_err(|_| {
            let why = heard.kept().absent.clone();
            Trouble::NotConnected(
                why.unwrap_or_else(|| format!("none within {SUBSCRIBED_WITHIN:?}")),
            )
        })
    }

    fn heard(&self, channel: &str) -> Arc<Heard> {
        let mut all = self.all();
        let watch = all.entry(channel.into()).or_insert_with(|| {
            let heard = Arc::<Heard>::default();
            let task = tokio::spawn(listen(self.way.clone(), channel.into(), heard.clone()));
            Watch { heard, task }
        });
        watch.heard.clone()
    }

    /// How many of those that `channel` has now are the harness itself.
    pub fn own(&self, channel: &str) -> u64 {
        let all = self.all();
        let watch = all.get(channel);
        u64::from(watch.is_some_and(|watch| watch.heard.subscribed.load(Ordering::SeqCst)))
    }

    /// All that was heard of `channel`.
    pub fn seen(&self, channel: &str) -> Result<Vec<Seen>, Unheard> {
        let heard = self.heard(channel);
        let kept = heard.kept();
        match (&kept.missed, &kept.strange) {
            (Some(why), _) => Err(Unheard::Missed(why.clone())),
            (None, Some(why)) => Err(Unheard::Strange(why.clone())),
            (None, None) => Ok(kept.seen.clone()),
        }
    }

    /// How much that is.
    pub fn count(&self, channel: &str) -> u64 {
        self.heard(channel).kept().seen.len() as u64
    }

    /// Nobody is interested any more.
    pub fn end(&self) {
        self.all().clear();
    }
}

async fn listen(way: Arc<Way>, channel: String, heard: Arc<Heard>) {
    let mut was_there = false;
    loop {
        let why = match subscribe(&way, &channel, &heard).await {
            Ok(mut connected) => {
                was_there = true;
                heard.is(true);
                connected.cut().await;
                "its subscriber was cut off".to_string()
            }
            Err(error) => error.to_string(),
        };
        heard.is(false);
        heard.absent(why, was_there);
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

async fn subscribe(way: &Way, channel: &str, heard: &Arc<Heard>) -> Result<Connected, Trouble> {
    let hears = heard.clone();
    let subscribed = async {
        let mut connected = way.listen(move |push| hears.message(&push)).await?;
        let asked = connected.connection.subscribe(channel).await;
        asked.map_err(|error| Trouble::of(&error))?;
        Ok(connected)
    };
    let subscribed = tokio::time::timeout(SUBSCRIBED_WITHIN, subscribed).await;
    subscribed.unwrap_or_else(|_| {
        let why = format!("no subscription within {SUBSCRIBED_WITHIN:?}");
        Err(Trouble::NotConnected(why))
    })
}
