//! Fault-free runs, until one adds nothing.

use super::Ended;
use super::rounds::Rounds;
use crate::plan::{self, Knowledge};
use crate::trial::Ordered;
use exactly_model::{Schedule, SettleHow, TrialKind};

/// Fault-free runs at least.
const CALIBRATIONS_MIN: usize = 3;
/// Fault-free runs at most: what still differs then is called unstable.
const CALIBRATIONS_MAX: usize = 6;

impl Rounds<'_> {
    /// Runs without faults until a run adds nothing.
    pub(super) async fn calibrate(&mut self) -> Result<Knowledge, Ended> {
        self.run_fault_free(CALIBRATIONS_MIN).await?;
        let mut knowledge = self.learn();
        while self.all.len() < CALIBRATIONS_MAX
            && !knowledge
                .unstable
                .iter()
                .all(|u| u.ends_with("(by a timer)"))
        {
            self.run_fault_free(1).await?;
            let next = self.learn();
            let adds_nothing = next.unstable == knowledge.unstable;
            knowledge = next;
            if adds_nothing {
                break;
            }
        }
        match self
            .all
            .iter()
            .find(|finished| finished.how != SettleHow::Quiescent)
        {
            None => Ok(knowledge),
            Some(finished) => {
                let how = match finished.how {
                    SettleHow::Limit => "it was at work when its time was up: allow a trial longer",
                    _ => "work was left and nothing moved",
                };
                Err(Ended::Short(format!(
                    "trial {} had no fault and did not come to rest; {how}",
                    finished.number
                )))
            }
        }
    }

    async fn run_fault_free(&mut self, n: usize) -> Result<(), Ended> {
        let fault_free = Ordered::new(TrialKind::Calibration, Schedule::default());
        self.run(vec![fault_free; n]).await?;
        Ok(())
    }

    fn learn(&self) -> Knowledge {
        let runs: Vec<_> = self
            .all
            .iter()
            .map(|finished| finished.observed.clone())
            .collect();
        plan::learn(&runs, &self.stage.pipeline.timers)
    }
}
