//! What a record lacks as a whole: lines, or the other parts of its plan.

use crate::fold::Fold;
use exactly_model::HISTORY_VERSION;

impl Fold {
    /// What is missing where this is a part of a plan.
    pub(crate) fn partial(&self) -> Option<String> {
        let shard = self.run.as_ref()?.shard?;
        let missing = (1..=shard.of).filter(|index| !self.shards.contains(index));
        let missing: Vec<String> = missing
            .map(|index| format!("{index}/{}", shard.of))
            .collect();
        if missing.is_empty() {
            return None;
        }
        Some(format!(
            "nothing forbidden was seen in this part of the plan; the verdict takes shard {} as \
             well: `exactly merge` puts them together",
            missing.join(", ")
        ))
    }

    /// What is wrong with the history as a whole.
    pub(crate) fn damage(&self) -> Option<String> {
        if let Some(version) = self.newer_version {
            return Some(format!(
                "the history has records of format {version}, this judge reads up to {HISTORY_VERSION}: use a newer version"
            ));
        }
        (self.last_line > self.lines).then(|| {
            format!(
                "the history has lost lines: {} of {} were read",
                self.lines, self.last_line
            )
        })
    }
}
