//! Real systems, and boundaries before them.

use anyhow::Context;
use exactly_adapter::{Adapter, Host, Instance, Scope, TrialNames};
use exactly_engine::boundary::{Boundaries, Life, Mode};
use exactly_engine::director::{Director, Terms};
use exactly_engine::store::Recorder;
use exactly_engine::supervisor::guardian::Guardian;
use exactly_engine::supervisor::{LocalHost, Supervisor};
use exactly_model::{Schedule, Setup, SystemPlace};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Starts what a run of the command would start.
pub struct Rig {
    host: Arc<dyn Host>,
    recorder: Arc<Recorder>,
    trials: AtomicU32,
    guardian: Guardian,
    folder: tempfile::TempDir,
}

/// Where the first node of a system listens.
pub fn first_address(instance: &dyn Instance) -> anyhow::Result<(String, u16)> {
    let mut addresses = instance.addresses().into_iter();
    addresses.next().context("the system has no address")
}

/// A boundary, open as long as it is kept.
pub struct Open {
    /// The port to dial.
    pub port: u16,
    _life: Arc<Life>,
    _boundaries: Arc<Boundaries>,
}

impl Rig {
    /// `cache` is where server binaries are kept.
    pub fn new(cache: &Path) -> anyhow::Result<Self> {
        let executable = crate::figures::executable()?;
        let executable = executable.to_string_lossy().into_owned();
        let folder = tempfile::tempdir()?;
        // Servers that refuse root run as another user.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        let recorder = Recorder::create(&folder.path().join("store"), Box::new(|_| {}))?;
        let (run, scratch) = (recorder.run(), folder.path().join("scratch"));
        std::fs::create_dir(&scratch)?;
        std::fs::set_permissions(&scratch, PermissionsExt::from_mode(0o755))?;
        let guardian = Guardian::start(&executable.clone().into(), &run.id, &scratch)
            .context("cannot start the guardian")?;
        let host = LocalHost::new(
            Supervisor::new(&run.id),
            executable,
            scratch,
            cache.into(),
            run.folder.join("output"),
        )
        .with_settings(
            ["KAFKA_HOME", "JAVA_HOME", "REDIS_SERVER"]
                .into_iter()
                .filter_map(|name| Some((name.to_string(), std::env::var(name).ok()?)))
                .collect(),
        );
        Ok(Self {
            host: Arc::new(host),
            recorder,
            trials: AtomicU32::new(1),
            guardian,
            folder,
        })
    }

    /// Starts an embedded system.
    pub async fn start(&self, adapter: &dyn Adapter) -> anyhow::Result<Arc<dyn Instance>> {
        self.start_at(adapter, &SystemPlace::Embedded).await
    }

    /// Starts a system somewhere else.
    pub async fn start_at(
        &self,
        adapter: &dyn Adapter,
        place: &SystemPlace,
    ) -> anyhow::Result<Arc<dyn Instance>> {
        Ok(adapter.start(place, self.host.clone()).await?)
    }

    /// A fresh corner of a system, and its trial number.
    pub async fn scope(
        &self,
        instance: &dyn Instance,
        setup: &Setup,
    ) -> anyhow::Result<(TrialNames, Arc<dyn Scope>)> {
        let names = TrialNames {
            run: self.recorder.run().number,
            trial: self.trials.fetch_add(1, Ordering::Relaxed),
        };
        Ok((names, instance.open(names, setup).await?))
    }

    /// A boundary as a trial without faults has it: exchanges are recorded.
    pub fn boundary(
        &self,
        instance: &dyn Instance,
        names: TrialNames,
        mode: Mode,
    ) -> anyhow::Result<Open> {
        let terms = Terms {
            run: names.run,
            trial: names.trial,
            client_timeouts: BTreeMap::new(),
            graces: BTreeMap::new(),
            hold_max: Duration::from_secs(1),
            ..Terms::default()
        };
        let director = Director::new(terms, &Schedule::default(), self.recorder.clone());
        let life = Life::new("bench", 1);
        let boundaries = Boundaries::new(
            life.clone(),
            director,
            instance.info("system").kind.as_str(),
            mode,
        );
        let (host, port) = first_address(instance)?;
        let port = boundaries.open(&host, port)?;
        Ok(Open {
            port,
            _life: life,
            _boundaries: boundaries,
        })
    }

    /// The process of the rig whose command line has `argument`.
    pub fn child(&self, argument: &str) -> Option<u32> {
        let mark = format!("EXACTLY_RUN={}", self.recorder.run().id);
        let has = |file: std::path::PathBuf, wanted: &str| {
            let text = std::fs::read(file).unwrap_or_default();
            text.split(|byte| *byte == 0)
                .any(|part| part == wanted.as_bytes())
        };
        let processes = std::fs::read_dir("/proc").ok()?.flatten();
        processes
            .filter(|entry| has(entry.path().join("environ"), &mark))
            .find(|entry| has(entry.path().join("cmdline"), argument))
            .and_then(|entry| entry.file_name().to_str()?.parse().ok())
    }

    /// A folder that goes with the rig.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends what is left of it.
    pub fn finish(self) {
        self.guardian.finish();
    }
}
