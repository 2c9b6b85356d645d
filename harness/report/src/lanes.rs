//! Who is at work when: one lane for each incarnation, where two of them are at
//! work at the same time.

use exactly_model::Step;

/// Incarnations that get a lane at most; with more nothing is drawn.
const LANES_MAX: usize = 6;

/// The lanes beside a sequence of steps. Empty where one incarnation follows
/// the other: then the names in the steps say enough.
pub(crate) struct Lanes(Vec<String>);

impl Lanes {
    pub fn of(steps: &[Step]) -> Self {
        let mut owners: Vec<u32> = steps.iter().map(|step| step.incarnation).collect();
        let in_turn = owners.clone();
        let in_turn = in_turn.into_iter().filter(|n| *n > 0).is_sorted();
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|n| *n > 0);
        if in_turn || owners.len() > LANES_MAX {
            return Self(Vec::new());
        }
        let span = |owner: u32| {
            let of = |step: &Step| step.incarnation == owner;
            steps.iter().position(of)..=steps.iter().rposition(of)
        };
        let lanes: Vec<_> = owners.into_iter().map(|n| (n, span(n))).collect();
        let row = |(at, step): (usize, &Step)| {
            let cell = |(owner, span): &(u32, _)| lane(*owner, span, at, step);
            let cells: Vec<String> = lanes.iter().map(cell).collect();
            cells.join(" ") + "  "
        };
        Self(steps.iter().enumerate().map(row).collect())
    }

    /// What stands before step `number`.
    pub fn at(&self, number: usize) -> &str {
        self.0.get(number).map_or("", String::as_str)
    }
}

/// The number of the one at work, a line while another one is.
fn lane(
    owner: u32,
    span: &std::ops::RangeInclusive<Option<usize>>,
    at: usize,
    step: &Step,
) -> String {
    let name = owner.to_string();
    match (step.incarnation == owner, span.contains(&Some(at))) {
        (true, _) => name,
        (false, true) => format!("{:<1$}", "│", name.len()),
        (false, false) => " ".repeat(name.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(owners: &[u32]) -> Vec<String> {
        let step = |incarnation: &u32| Step {
            at_us: 0,
            incarnation: *incarnation,
            what: String::new(),
            fault: false,
        };
        let steps: Vec<Step> = owners.iter().map(step).collect();
        let lanes = Lanes::of(&steps);
        (0..steps.len()).map(|n| lanes.at(n).to_string()).collect()
    }

    #[test]
    fn two_at_work_at_the_same_time_have_lanes() {
        assert_eq!(
            lanes(&[1, 1, 2, 1, 2, 0]),
            ["1    ", "1    ", "│ 2  ", "1 │  ", "  2  ", "     "]
        );
    }

    #[test]
    fn one_after_the_other_needs_none() {
        assert_eq!(lanes(&[1, 1, 0, 2, 2, 0]), [""; 6]);
        assert_eq!(lanes(&[]), [""; 0]);
        assert_eq!(lanes(&[0, 0]), [""; 2]);
    }

    #[test]
    fn numbers_of_two_digits_keep_their_column_and_too_many_owners_none() {
        assert_eq!(lanes(&[9, 10, 9]), ["9     ", "│ 10  ", "9     "]);
        assert_eq!(lanes(&[7, 6, 5, 4, 3, 2, 1]), [""; 7]);
    }
}
