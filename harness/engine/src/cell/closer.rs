//! A closer look at what trials have shown: the simplest way to it, and how often
//! that comes back.

use super::Finding;
use super::rounds::Rounds;
use crate::EngineError;
use crate::trial::Finished;
use exactly_adapter::Lack;
use exactly_model::{Candidate, Code, FaultKind, Need, Reproduced, TrialKind};
use std::collections::BTreeSet;

/// Trials on the way to the simplest candidate of one finding.
const LOOKS_MAX: usize = 30;
/// Trials looked at closer for one code, until a finding comes back.
const ROUNDS_MAX: usize = 6;

impl Rounds<'_> {
    /// Looks closer at each finding of the cell. One that rests on a race does not
    /// come back every time: then it is another trial's turn that shows the code.
    pub async fn look_closer(&mut self) -> Result<(), EngineError> {
        for first in self.overseer.findings(self.stage.cell) {
            // Each look would take as long as the window is.
            if self.is_waited_for(&first.candidate) {
                continue;
            }
            let mut looked = BTreeSet::new();
            let mut next = Some(first);
            while let Some(finding) = next.take().filter(|_| looked.len() < ROUNDS_MAX) {
                looked.insert(self.root(finding.trial));
                if !self.look_closer_at(&finding).await? {
                    next = self.another(finding.code, &looked);
                }
            }
        }
        Ok(())
    }

    /// Whether a window has to be really waited for.
    fn is_waited_for(&self, candidate: &Candidate) -> bool {
        let mut faults = candidate.schedule.faults.iter();
        faults.any(|fault| {
            let instance = self.stage.instances.get(&fault.point.system);
            let lack = instance.and_then(|instance| instance.lacks(Need::Horizon));
            fault.kind == FaultKind::ExpireHorizon && matches!(lack, Some(Lack::Waits { .. }))
        })
    }

    /// Answers whether one can count on it to come back.
    async fn look_closer_at(&mut self, finding: &Finding) -> Result<bool, EngineError> {
        // A finding that was looked at before goes on from there; so does another
        // code of the same trial, which has often gone the same way.
        let trial = self.root(finding.trial);
        let code = finding.code;
        let mut tried = self.tried(trial, code);
        let overseer = self.overseer;
        let next = |tried: &[(Candidate, bool)]| overseer.next_shrink(&finding.candidate, tried);
        let look = async |candidate: &Candidate| self.look(trial, candidate, code).await;
        simplest(&mut tried, next, look).await?;
        let simplest = least(&tried).unwrap_or(&finding.candidate);
        if self.comes_back(trial, simplest, code).await? {
            return Ok(true);
        }
        // What was left out was luck once, and is what makes it certain.
        Ok(simplest != &finding.candidate
            && self.comes_back(trial, &finding.candidate, code).await?)
    }

    /// Another trial that shows the code.
    fn another(&self, code: Code, looked: &BTreeSet<u32>) -> Option<Finding> {
        let shows = |trial: &&Finished| {
            !trial.kind.looks_closer()
                && !looked.contains(&trial.number)
                && self.overseer.shows(trial.number, code)
        };
        let next = self
            .all
            .iter()
            .filter(shows)
            .min_by_key(|trial| turn(trial))?;
        Some(Finding {
            trial: next.number,
            code,
            candidate: Candidate {
                schedule: next.schedule.clone(),
                messages: next.messages,
            },
        })
    }

    /// The trial that `trial` looks closer at; itself where it is no look.
    fn root(&self, trial: u32) -> u32 {
        let mut looks = self.looks.iter();
        let of = looks.find(|(_, looks)| looks.iter().any(|(_, look)| *look == trial));
        of.map_or(trial, |(root, _)| *root)
    }

    /// What was tried of `trial` so far, and whether it showed the code.
    fn tried(&self, trial: u32, code: Code) -> Vec<(Candidate, bool)> {
        let looks = self.looks.get(&trial).into_iter().flatten();
        looks
            .map(|(candidate, look)| (candidate.clone(), self.overseer.shows(*look, code)))
            .collect()
    }

    /// Runs a candidate for a simpler `of`. Answers whether it shows the code.
    pub async fn look(
        &mut self,
        of: u32,
        candidate: &Candidate,
        code: Code,
    ) -> Result<bool, EngineError> {
        let ordered = Self::of_candidate(TrialKind::Shrink, candidate, Some(of));
        let ran = self.run(vec![ordered]).await?;
        let looks = self.looks.entry(of).or_default();
        looks.extend(ran.iter().map(|look| (candidate.clone(), *look)));
        Ok(ran.iter().any(|look| self.overseer.shows(*look, code)))
    }

    /// Runs what shows a finding again, unless another code had it run before, and
    /// answers whether it came back as often as one may count on.
    async fn comes_back(
        &mut self,
        of: u32,
        candidate: &Candidate,
        code: Code,
    ) -> Result<bool, EngineError> {
        let again = self.course.replays;
        if again == 0 {
            return Ok(true);
        }
        let key = (of, candidate.clone());
        if !self.replayed.contains_key(&key) {
            let ordered = Self::of_candidate(TrialKind::Replay, candidate, Some(of));
            let ran = self.run(vec![ordered; again as usize]).await?;
            self.replayed.insert(key.clone(), ran);
        }
        let replays = &self.replayed[&key];
        let showing = replays
            .iter()
            .filter(|replay| self.overseer.shows(**replay, code));
        let reproduced = Reproduced {
            k: u32::try_from(showing.count()).unwrap_or(u32::MAX),
            n: again,
        };
        Ok(reproduced.is_reliable())
    }
}

/// The order in which trials that show the same code are looked at: a witness is
/// directed so that it leaves nothing to chance; then what is simpler.
fn turn(trial: &Finished) -> (bool, usize, u32, u32) {
    let is_chance = trial.kind != TrialKind::Witness;
    let faults = trial.schedule.faults.len();
    (is_chance, faults, trial.messages, trial.number)
}

/// The simplest of what was tried and shows the finding: the fewest faults, then
/// the fewest messages, then the first.
fn least(tried: &[(Candidate, bool)]) -> Option<&Candidate> {
    let showing = tried.iter().filter(|(_, shows)| *shows);
    showing
        .map(|(candidate, _)| candidate)
        .min_by_key(|candidate| (candidate.schedule.faults.len(), candidate.messages))
}

/// Runs candidate after candidate until there is none left to try.
async fn simplest<E>(
    tried: &mut Vec<(Candidate, bool)>,
    next: impl Fn(&[(Candidate, bool)]) -> Option<Candidate>,
    mut look: impl AsyncFnMut(&Candidate) -> Result<bool, E>,
) -> Result<(), E> {
    for _ in 0..LOOKS_MAX {
        let Some(candidate) = next(tried) else { break };
        let shows = look(&candidate).await?;
        tried.push((candidate, shows));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_model::{Fault, Phase, Schedule, Selector};

    fn candidate(faults: usize, messages: u32) -> Candidate {
        let fault = Fault::new(FaultKind::Kill, Phase::After, Selector::new("s", "E"));
        Candidate {
            schedule: Schedule {
                faults: vec![fault; faults],
            },
            messages,
        }
    }

    /// Fewer faults, one at a time, then fewer messages; nothing twice.
    fn next(found: &Candidate, tried: &[(Candidate, bool)]) -> Option<Candidate> {
        let now = least(tried).unwrap_or(found);
        let faults = now.schedule.faults.len();
        let ways = [
            candidate(faults.saturating_sub(1), now.messages),
            candidate(faults, now.messages.saturating_sub(1)),
        ];
        let mut untried = ways
            .into_iter()
            .filter(|way| way != now && !tried.iter().any(|(known, _)| known == way));
        untried.next()
    }

    async fn run(
        found: &Candidate,
        tried: &mut Vec<(Candidate, bool)>,
        shows: impl Fn(&Candidate) -> bool,
    ) -> Vec<Candidate> {
        let mut looked = Vec::new();
        let look = async |candidate: &Candidate| {
            looked.push(candidate.clone());
            Ok::<_, ()>(shows(candidate))
        };
        simplest(tried, |tried| next(found, tried), look)
            .await
            .unwrap();
        looked
    }

    #[tokio::test]
    async fn it_goes_on_until_nothing_is_left_to_try() {
        let found = candidate(3, 4);
        let mut tried = Vec::new();
        let enough = |c: &Candidate| c.schedule.faults.len() >= 2 && c.messages >= 3;
        let looked = run(&found, &mut tried, enough).await;
        assert_eq!(least(&tried), Some(&candidate(2, 3)));
        // One fault is too few, and so are two messages.
        assert!(looked.contains(&candidate(1, 3)) && looked.contains(&candidate(2, 2)));
        // Another code that needs the same is not looked at again.
        assert_eq!(run(&found, &mut tried, enough).await, []);
    }

    #[tokio::test]
    async fn it_is_bounded_and_an_error_ends_it() {
        let found = candidate(1, 1000);
        let mut tried = Vec::new();
        let looked = run(&found, &mut tried, |_| true).await;
        assert_eq!(looked.len(), LOOKS_MAX);
        let mut tried = Vec::new();
        let failed = simplest(
            &mut tried,
            |tried| next(&found, tried),
            async |_| Err("gone"),
        )
        .await;
        assert_eq!((failed, tried), (Err("gone"), Vec::new()));
    }

    #[test]
    fn a_look_that_does_not_show_it_is_not_the_simplest() {
        let tried = [
            (candidate(0, 1), false),
            (candidate(1, 4), true),
            (candidate(1, 2), true),
            (candidate(2, 1), true),
        ];
        assert_eq!(least(&tried), Some(&tried[2].0));
        assert_eq!(least(&tried[..1]), None);
    }
}
