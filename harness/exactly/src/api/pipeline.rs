//! A pipeline and what is expected of it, put together in code.

use super::checked::{CheckError, Checked};
use super::process::Process;
use super::systems::{HttpSystem, KafkaSystem, PostgresSystem, RedisSystem, SmtpSystem, SqsSystem};
use crate::config::{Allow, Config, Feed, Id, Observe, Plan, Time};
use exactly_model::{Code, FaultKind, Guarantee, Report};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A pipeline, what is fed into it, and where its effects are read. Nothing runs
/// before something is asserted of it.
///
/// The test should begin with it: the test binary is started again for the harness's
/// own children, which go as far as [`Pipeline::new`] and no further.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before something is asserted, as with assert_exactly_once()"]
pub struct Pipeline {
    pub(super) config: Config,
    /// Statements for each PostgreSQL, by the system's name.
    pub(super) sql: BTreeMap<String, String>,
    /// The first thing that is wrong in what was given.
    pub(super) wrong: Option<String>,
    pub(super) jobs: Option<usize>,
    pub(super) store: Option<PathBuf>,
}

impl Pipeline {
    /// A pipeline that is called `name` in reports and in the ids of what is found: up
    /// to 60 of `a-z`, `0-9` and `-`, and no other pipeline of the package.
    pub fn new(name: impl Into<String>) -> Self {
        super::role::take();
        let feed = Feed {
            messages: 6,
            concurrency: 1,
            keys: 2,
            before_start: true,
            ..Feed::default()
        };
        let config = Config {
            name: Some(name.into()),
            feed,
            ..Config::default()
        };
        Self {
            config,
            sql: BTreeMap::new(),
            wrong: None,
            jobs: None,
            store: None,
        }
    }

    /// Talks to a Kafka, which placeholders and everything else call `name`.
    pub fn kafka(mut self, name: &str, with: impl FnOnce(KafkaSystem) -> KafkaSystem) -> Self {
        let system = with(KafkaSystem::new()).into_system();
        self.add_system(name, system);
        self
    }

    /// Talks to a PostgreSQL, which placeholders and everything else call `name`.
    pub fn postgres(
        mut self,
        name: &str,
        with: impl FnOnce(PostgresSystem) -> PostgresSystem,
    ) -> Self {
        let (system, sql) = with(PostgresSystem::new()).into_system();
        self.sql.insert(name.into(), sql);
        self.add_system(name, system);
        self
    }

    /// Talks to an SQS, which placeholders and everything else call `name`. A client
    /// of AWS needs no change for it:
    ///
    /// ```no_run
    /// # use exactly::{Pipeline, Process};
    /// # use std::time::Duration;
    /// Pipeline::new("charges")
    ///     .sqs("q", |q| {
    ///         let short = Duration::from_secs(2);
    ///         q.queue_with("orders.fifo", |orders| orders.visibility_timeout(short))
    ///             .lease(short)
    ///     })
    ///     .http("pay", |pay| pay.keeps_idempotency_keys())
    ///     .process(
    ///         Process::cargo_bin("worker")
    ///             .env("AWS_ENDPOINT_URL_SQS", "{q.url}")
    ///             .env("AWS_REGION", "{q.region}")
    ///             .env("AWS_ACCESS_KEY_ID", "{q.access_key_id}")
    ///             .env("AWS_SECRET_ACCESS_KEY", "{q.secret_access_key}")
    ///             .env("QUEUE_URL", "{q.queue_url.orders}")
    ///             .env("PAYMENTS_URL", "{pay.url}"),
    ///     )
    ///     .feed("q", "orders.fifo")
    ///     .observe_charges("charges", "pay")
    ///     .assert_exactly_once();
    /// ```
    pub fn sqs(mut self, name: &str, with: impl FnOnce(SqsSystem) -> SqsSystem) -> Self {
        let system = with(SqsSystem::new()).into_system();
        self.add_system(name, system);
        self
    }

    /// Talks to a service over HTTP, which placeholders and everything else call
    /// `name`.
    pub fn http(mut self, name: &str, with: impl FnOnce(HttpSystem) -> HttpSystem) -> Self {
        let system = with(HttpSystem::new()).into_system();
        self.add_system(name, system);
        self
    }

    /// Talks to a Redis, which placeholders and everything else call `name`.
    pub fn redis(mut self, name: &str, with: impl FnOnce(RedisSystem) -> RedisSystem) -> Self {
        let system = with(RedisSystem::new()).into_system();
        self.add_system(name, system);
        self
    }

    /// Talks to a mail server, which placeholders and everything else call `name`:
    /// `{m.host}` and `{m.port}`.
    pub fn smtp(mut self, name: &str, with: impl FnOnce(SmtpSystem) -> SmtpSystem) -> Self {
        let system = with(SmtpSystem::new()).into_system();
        self.add_system(name, system);
        self
    }

    fn add_system(&mut self, name: &str, system: crate::config::System) {
        if self.config.systems.insert(name.into(), system).is_some() {
            self.note_wrong(format!("two systems are called {name:?}"));
        }
    }

    fn note_wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// Consists of this process, among others. They are started in this order.
    pub fn process(mut self, process: Process) -> Self {
        match process.into_config() {
            Ok(process) => self.config.processes.push(process),
            Err(what) => self.note_wrong(what),
        }
        self
    }

    /// Is fed by records in a topic of the Kafka called `system`, or by messages in a
    /// queue of the SQS: there the key is the message group, and the id the deduplication
    /// id. At a service over HTTP, each message is posted to the path `to`; at a Redis, `to`
    /// is a stream or a channel. A channel keeps nothing for whoever subscribes later: say
    /// [`feed_every`](Self::feed_every).
    pub fn feed(mut self, system: &str, to: &str) -> Self {
        self.config.feed.system = Some(system.into());
        self.config.feed.to = Some(to.into());
        self
    }

    /// Is fed by a statement in the PostgreSQL called `system`, run for each message
    /// with `{id}`, `{key}`, `{seq}`, `{checksum}` and `{payload}` as literals.
    pub fn feed_rows(mut self, system: &str, statement: &str) -> Self {
        self.config.feed.system = Some(system.into());
        self.config.feed.sql = Some(statement.into());
        self
    }

    /// What a message is, with `{id}`, `{key}`, `{seq}` and `{checksum}`; a JSON object
    /// of those four without it. The id has to reach the sinks: messages are told apart
    /// by it.
    pub fn payload(mut self, template: impl Into<String>) -> Self {
        self.config.feed.payload = Some(template.into());
        self
    }

    /// How `{id}` is written; as text without it.
    pub fn ids(mut self, form: Id) -> Self {
        self.config.feed.id = form;
        self
    }

    /// How many keys messages go round; 2 without it.
    pub fn keys(mut self, number: u32) -> Self {
        self.config.feed.keys = number;
        self
    }

    /// Messages of one trial; 6 without it.
    pub fn messages(mut self, number: u32) -> Self {
        self.config.feed.messages = number;
        self
    }

    /// Shows its effects in the rows of `query` at the PostgreSQL called `system`: a
    /// column `id` and, where there are any, `key`, `seq` and `checksum`.
    pub fn observe_rows(self, name: &str, system: &str, query: &str) -> Self {
        self.observe(Observe {
            name: name.into(),
            system: Some(system.into()),
            query: Some(query.into()),
            ..Observe::default()
        })
    }

    /// Shows its effects in the committed records of `topic` at the Kafka called
    /// `system`.
    pub fn observe_topic(self, name: &str, system: &str, topic: &str) -> Self {
        self.observe(Observe {
            name: name.into(),
            system: Some(system.into()),
            topic: Some(topic.into()),
            ..Observe::default()
        })
    }

    /// Shows its effects in the messages that `queue` of the SQS called `system` has
    /// accepted, deleted or not.
    pub fn observe_queue(self, name: &str, system: &str, queue: &str) -> Self {
        self.observe(Observe {
            name: name.into(),
            system: Some(system.into()),
            queue: Some(queue.into()),
            ..Observe::default()
        })
    }

    /// Is fed one message each so long, from when its processes are ready, whatever they
    /// do meanwhile.
    pub fn feed_every(mut self, time: Duration) -> Self {
        self.config.feed.every = Some(Time::from(time));
        self
    }

    /// Shows its effects in a stream of the Redis called `system`.
    pub fn observe_stream(self, name: &str, system: &str, stream: &str) -> Self {
        self.observe(Observe {
            name: name.into(),
            system: Some(system.into()),
            stream: Some(stream.into()),
            ..Observe::default()
        })
    }

    /// Shows its effects in the mails that the server called `system` has taken, for
    /// recipients that `pattern` fits; `*` is all of them.
    pub fn observe_mails(self, name: &str, system: &str, pattern: &str) -> Self {
        self.observe(Observe {
            name: name.into(),
            system: Some(system.into()),
            mails: Some(pattern.into()),
            ..Observe::default()
        })
    }

    /// Shows its effects in the charges of the embedded payments service called
    /// `system`.
    pub fn observe_charges(self, name: &str, system: &str) -> Self {
        self.observe(Observe {
            name: name.into(),
            system: Some(system.into()),
            charges: Some(true),
            ..Observe::default()
        })
    }

    /// Shows its effects in what `command` prints: a JSON line for each, with `id` and,
    /// where there are any, `key`, `seq` and `checksum`.
    pub fn observe_command(
        self,
        name: &str,
        command: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.observe(Observe {
            name: name.into(),
            command: Some(command.into_iter().map(Into::into).collect()),
            ..Observe::default()
        })
    }

    fn observe(mut self, observer: Observe) -> Self {
        let effects_per_message = observer.effects_per_message.max(1);
        self.config.observe.push(Observe {
            effects_per_message,
            ..observer
        });
        self
    }

    /// Puts up with `code`, and says why it is no harm here.
    pub fn allow(mut self, code: Code, reason: impl Into<String>) -> Self {
        self.config.expect.all.allow.push(Allow {
            code: code.as_str().into(),
            reason: reason.into(),
        });
        self
    }

    /// Does not put up with `code` either, whatever guarantee is asserted: `O1` for
    /// order, for one.
    pub fn forbid(mut self, code: Code) -> Self {
        self.config.expect.all.forbid.push(code.as_str().into());
        self
    }

    /// Which faults are put where; every kind at every boundary, one at a time, without
    /// it.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.config.faults.plan = plan;
        self
    }

    /// Strikes all points instead of representatives of each class.
    pub fn exhaustive(mut self) -> Self {
        self.config.faults.exhaustive = true;
        self
    }

    /// Only these kinds of fault.
    pub fn only_faults(mut self, kinds: impl IntoIterator<Item = FaultKind>) -> Self {
        self.config.faults.kinds = Some(kinds.into_iter().collect());
        self
    }

    /// Seed of whatever is drawn.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.faults.seed = Some(seed);
        self
    }

    /// No trial begins later than this after the first one.
    pub fn time_limit(mut self, time: Duration) -> Self {
        self.config.limits.run = Some(Time::from(time));
        self
    }

    /// Trials at once. Without it two for each processor, which all checks of a test
    /// binary share.
    pub fn jobs(mut self, number: usize) -> Self {
        self.jobs = Some(number);
        self
    }

    /// Where runs and findings are kept; `exactly` in cargo's target folder without it.
    pub fn store(mut self, folder: impl Into<PathBuf>) -> Self {
        self.store = Some(folder.into());
        self
    }

    /// Changes anything else that `exactly.toml` has a key for.
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Runs it, and panics unless each message had its effect exactly once at each
    /// sink, whatever broke. The panic's message is the shortest counterexample.
    #[track_caller]
    pub fn assert_exactly_once(self) -> Checked {
        self.assert(Guarantee::ExactlyOnce)
    }

    /// Runs it, and panics where a message was lost. More than one effect is no harm.
    #[track_caller]
    pub fn assert_at_least_once(self) -> Checked {
        self.assert(Guarantee::AtLeastOnce)
    }

    /// Runs it, and panics where a message had more than one effect. A lost one is no
    /// harm.
    #[track_caller]
    pub fn assert_at_most_once(self) -> Checked {
        self.assert(Guarantee::AtMostOnce)
    }

    /// Runs it, and panics where it shows `code`, or what no pipeline may show: effects
    /// out of nothing or of aborted transactions, corruption, no progress. Loss and
    /// duplication are no harm unless `code` says so.
    #[track_caller]
    pub fn assert_no(self, code: Code) -> Checked {
        self.forbid(code).assert(Guarantee::None)
    }

    /// Runs it as if it were said to be exactly-once, and answers what was measured.
    /// Panics only where nothing could be measured.
    #[track_caller]
    pub fn report(self) -> Report {
        let name = self.config.name.clone().unwrap_or_default();
        match self.check(Guarantee::ExactlyOnce) {
            Ok(checked) => checked.report().clone(),
            Err(error) => panic!("{}", super::message::not_run(&name, &error)),
        }
    }

    /// Runs it and answers whether `guarantee` holds, without panicking.
    pub fn check(self, guarantee: Guarantee) -> Result<Checked, CheckError> {
        super::run::check(self, guarantee)
    }

    #[track_caller]
    fn assert(self, guarantee: Guarantee) -> Checked {
        let name = self.config.name.clone().unwrap_or_default();
        match self.check(guarantee) {
            Ok(checked) => match checked.failure() {
                None => checked,
                Some(message) => panic!("{message}"),
            },
            Err(error) => panic!("{}", super::message::not_run(&name, &error)),
        }
    }
}
