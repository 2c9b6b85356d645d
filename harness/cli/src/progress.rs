//! Progress on stderr: bars on a terminal, counter lines elsewhere.

use crate::terminal;
use exactly::Progress;
use exactly_model::VariantReport;
use exactly_report::{Style, verdict_line};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

/// Longest silence between two counter lines of a cell that moves.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows the progress of a run.
pub struct Display {
    style: Style,
    cells: BTreeMap<String, Counter>,
    screen: Screen,
    /// How often one schedule is run, where that is all: its cell has no points
    /// to learn and gets no verdict.
    repeat: Option<u32>,
}

enum Screen {
    /// One bar for each cell under way.
    Bars(MultiProgress),
    /// Lines, for logs.
    Lines(Box<dyn Write + Send>),
}

/// Where a cell stands.
#[derive(Debug, Default)]
struct Counter {
    bar: Option<ProgressBar>,
    tenth: u32,
    said: Option<Instant>,
    anomalies: u64,
}

impl Counter {
    /// Whether a counter line is due: at each tenth, or after a while.
    fn due(&mut self, now: Instant, done: u32, planned: u32) -> bool {
        let tenth = (u64::from(done) * 10 / u64::from(planned.max(1))) as u32;
        let late = self
            .said
            .is_none_or(|said| now.saturating_duration_since(said) >= LINE_EVERY);
        if tenth <= self.tenth && !late {
            return false;
        }
        self.tenth = tenth.max(self.tenth);
        self.said = Some(now);
        true
    }
}

impl Display {
    /// On stderr: bars where that is a terminal, lines elsewhere.
    pub fn stderr() -> Self {
        let style = terminal::stderr_style();
        match terminal::stderr_is_terminal() {
            true => Self::bars(style),
            false => Self::lines(style, Box::new(std::io::stderr())),
        }
    }

    /// Bars that are drawn over, for a terminal.
    pub fn bars(style: Style) -> Self {
        Self::new(style, Screen::Bars(MultiProgress::new()))
    }

    /// Counter lines written to `out`, for everything else.
    pub fn lines(style: Style, out: Box<dyn Write + Send>) -> Self {
        Self::new(style, Screen::Lines(out))
    }

    fn new(style: Style, screen: Screen) -> Self {
        Self {
            style,
            cells: BTreeMap::new(),
            screen,
            repeat: None,
        }
    }

    /// For one schedule that is run `repeat` times.
    pub fn of_repeated(self, repeat: u32) -> Self {
        Self {
            repeat: Some(repeat),
            ..self
        }
    }

    /// What a cell does at its start.
    const fn beginning(&self) -> &'static str {
        match self.repeat {
            Some(_) => "running the schedule again",
            None => "learning its points",
        }
    }

    /// Shows an event.
    pub fn show(&mut self, progress: &Progress) {
        match progress {
            Progress::CellStarted { cell, of, id } => self.started(*cell, *of, id),
            Progress::Planned {
                id,
                classes,
                points,
                trials,
            } => self.planned(id, *classes, *points, *trials),
            Progress::TrialDone {
                id,
                done,
                planned,
                anomalies,
            } => self.trial(id, *done, *planned, *anomalies, Instant::now()),
            Progress::CellDone { report } => self.done(report),
            Progress::Note(note) => self.line(note),
        }
    }

    /// Takes bars of cells that were not finished off the screen.
    pub fn finish(&self) {
        if let Screen::Bars(bars) = &self.screen {
            drop(bars.clear());
        }
    }

    fn started(&mut self, cell: u32, of: u32, id: &str) {
        let mut counter = Counter::default();
        match &self.screen {
            Screen::Bars(bars) => {
                let bar = ProgressBar::new(0)
                    .with_style(
                        ProgressStyle::with_template(
                            "{spinner} {prefix} {wide_bar} {pos}/{len} {msg}",
                        )
                        .unwrap_or_else(|_| ProgressStyle::default_bar()),
                    )
                    .with_prefix(format!("[{cell}/{of}] {id}"))
                    .with_message(self.beginning());
                bar.enable_steady_tick(Duration::from_millis(200));
                counter.bar = Some(bars.add(bar));
            }
            Screen::Lines(_) => {
                self.line(&format!("[{cell}/{of}] {id}: {}", self.beginning()));
            }
        }
        self.cells.insert(id.into(), counter);
    }

    fn planned(&mut self, id: &str, classes: u32, points: u32, trials: u32) {
        if self.repeat.is_some() {
            return;
        }
        let counter = self.cells.entry(id.into()).or_default();
        match &counter.bar {
            Some(bar) => {
                bar.set_length(u64::from(trials));
                bar.set_message(format!("trials, {classes} classes, {points} points"));
            }
            None => self.line(&format!(
                "{id}: {classes} classes, {points} points, {trials} trials planned"
            )),
        }
    }

    fn trial(&mut self, id: &str, done: u32, planned: u32, anomalies: u64, now: Instant) {
        let planned = self.repeat.unwrap_or(planned);
        let counter = self.cells.entry(id.into()).or_default();
        counter.anomalies += anomalies;
        let seen = counter.anomalies;
        match &counter.bar {
            Some(bar) => {
                // Recovery shows further points, so that plans grow.
                bar.set_length(u64::from(planned));
                bar.set_position(u64::from(done));
                bar.set_message(format!("trials, {seen} anomalies"));
            }
            None => {
                if counter.due(now, done, planned) {
                    self.line(&format!("{id}: {done}/{planned} trials, {seen} anomalies"));
                }
            }
        }
    }

    fn done(&mut self, report: &VariantReport) {
        let under_way = self.cells.keys().find(|id| {
            let variant = id.split_once('/').map(|(_, variant)| variant);
            variant == Some(report.id.as_str())
        });
        let id = under_way.cloned().unwrap_or_default();
        if let Some(bar) = self.cells.remove(&id).and_then(|cell| cell.bar) {
            bar.finish_and_clear();
        }
        if self.repeat.is_some() {
            return;
        }
        let claim = id.split('/').next().unwrap_or_default();
        let line = verdict_line(claim, report, self.style);
        self.line(&line);
    }

    /// A line above the bars. Progress that cannot be written is no reason to
    /// end a run, so errors are dropped.
    fn line(&mut self, text: &str) {
        match &mut self.screen {
            Screen::Bars(bars) => drop(bars.println(text)),
            Screen::Lines(out) => drop(writeln!(out, "{text}").and_then(|()| out.flush())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_model::{Guarantee, PointsReport, Verdict};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Page {
        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(String::from).collect()
        }
    }

    fn report(id: &str) -> VariantReport {
        VariantReport {
            id: id.into(),
            asserted: Guarantee::ExactlyOnce,
            expected: Guarantee::ExactlyOnce,
            expected_at: BTreeMap::new(),
            asserted_at: Default::default(),
            allowed: Vec::new(),
            matches: true,
            verdict: Verdict::Upheld,
            reason: None,
            bounds: String::new(),
            why: String::new(),
            sinks: Vec::new(),
            points: PointsReport::default(),
            trials: (0, 0),
            anomalies: Vec::new(),
            undecidable: Vec::new(),
            counterexamples: Vec::new(),
            assists: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The lines of a cell of which `done` trials were run.
    fn lines_of(display: impl Fn(Display) -> Display, planned: u32, done: u32) -> Vec<String> {
        let page = Page::default();
        let lines = Display::lines(Style::plain(100), Box::new(page.clone()));
        let mut display = display(lines);
        let id = || String::from("claim/variant");
        display.show(&Progress::CellStarted {
            cell: 1,
            of: 2,
            id: id(),
        });
        display.show(&Progress::Planned {
            id: id(),
            classes: 3,
            points: 20,
            trials: planned,
        });
        for done in 1..=done {
            display.show(&Progress::TrialDone {
                id: id(),
                done,
                planned,
                anomalies: 1,
            });
        }
        display.show(&Progress::CellDone {
            report: report("variant"),
        });
        display.show(&Progress::Note("a remark".into()));
        page.lines()
    }

    #[test]
    fn a_cell_in_lines() {
        let lines = lines_of(|display| display, 100, 100);
        assert_eq!(lines[0], "[1/2] claim/variant: learning its points");
        assert_eq!(
            lines[1],
            "claim/variant: 3 classes, 20 points, 100 trials planned"
        );
        assert_eq!(lines[2], "claim/variant: 1/100 trials, 1 anomalies");
        assert_eq!(lines[12], "claim/variant: 100/100 trials, 100 anomalies");
        assert!(lines[13].starts_with("claim/variant: upheld, nothing measured"));
        assert_eq!(lines[14], "a remark");
        // A hundred trials are ten lines and the first, not a hundred.
        assert_eq!(lines.len(), 15);
    }

    #[test]
    fn a_repeated_schedule_in_lines() {
        assert_eq!(
            lines_of(|display| display.of_repeated(2), 9, 2),
            [
                "[1/2] claim/variant: running the schedule again",
                "claim/variant: 1/2 trials, 1 anomalies",
                "claim/variant: 2/2 trials, 2 anomalies",
                "a remark",
            ]
        );
    }

    #[test]
    fn a_slow_cell_speaks_at_least_every_five_seconds() {
        let mut counter = Counter::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(counter.due(start, 1, 1000));
        assert!(!counter.due(after(1), 2, 1000));
        assert!(!counter.due(after(4), 3, 1000));
        assert!(counter.due(after(5), 4, 1000));
        assert!(!counter.due(after(6), 5, 1000));
        assert!(counter.due(after(7), 100, 1000));
        assert!(!counter.due(after(7), 100, 1000));
    }

    #[test]
    fn nothing_planned_and_plans_that_grow_are_no_trouble() {
        let mut counter = Counter::default();
        let now = Instant::now();
        assert!(counter.due(now, 0, 0));
        assert!(counter.due(now, 50, 100));
        assert!(!counter.due(now, 51, 200));
    }
}
