//! What faults did at each class.

use exactly_model::{ClassReport, Code, FaultKind, Point, PointClass};
use std::collections::{BTreeMap, BTreeSet};

/// What struck each class, trial by trial.
#[derive(Default)]
pub(crate) struct Strikes(BTreeMap<PointClass, Struck>);

#[derive(Default)]
struct Struck {
    points: BTreeSet<Point>,
    kinds: BTreeMap<FaultKind, u64>,
    trials: u64,
    violated: u64,
    codes: BTreeSet<Code>,
}

impl Strikes {
    /// A fault of `kind` fired at `class`; at `point` where that is a planned
    /// one.
    pub(crate) fn add(&mut self, class: &PointClass, point: Option<&Point>, kind: FaultKind) {
        let struck = self.0.entry(class.clone()).or_default();
        struck.points.extend(point.cloned());
        *struck.kinds.entry(kind).or_default() += 1;
    }

    /// A trial struck `classes` and showed the forbidden `codes`.
    pub(crate) fn trial(&mut self, classes: &BTreeSet<PointClass>, codes: &BTreeSet<Code>) {
        for class in classes {
            let struck = self.0.entry(class.clone()).or_default();
            struck.trials += 1;
            struck.violated += u64::from(!codes.is_empty());
            struck.codes.extend(codes);
        }
    }

    /// Classes with at least one fired fault.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a fault struck `class`.
    pub(crate) fn contain(&self, class: &PointClass) -> bool {
        self.0.contains_key(class)
    }

    /// The entry of `class`, of which `found` points are planned. `exempt` says
    /// why no fault need strike it.
    pub(crate) fn report(
        &self,
        class: &PointClass,
        found: u32,
        exempt: Option<String>,
    ) -> ClassReport {
        let none = Struck::default();
        let struck = self.0.get(class).unwrap_or(&none);
        ClassReport {
            class: class.clone(),
            found,
            fired: u32::try_from(struck.points.len()).unwrap_or(u32::MAX),
            kinds: struck.kinds.clone(),
            trials: struck.trials,
            violated: struck.violated,
            codes: struck.codes.iter().copied().collect(),
            exempt,
        }
    }
}
