//! `--junit`, `--markdown` and `--github`: where else a report goes.

use crate::args::ReportArgs;
use crate::failure::Failure;
use exactly_model::Report;
use exactly_report::{Outcome, STEP_SUMMARY_MAX, annotations, junit, markdown};
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What a file may get; the umask takes the rest away. A CI collects reports
/// as another user than the one who wrote them.
const MODE: u32 = 0o666;

/// Where a report goes beside stdout. Files can be written: that was tried.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Destinations {
    files: Vec<(Kind, PathBuf)>,
    github: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Junit,
    Markdown,
}

impl Destinations {
    /// Refuses what cannot be written, before anything runs: a run of minutes
    /// must not end in a folder that is not there.
    pub fn open(args: &ReportArgs) -> Result<Self, Failure> {
        let of = |kind: Kind, files: &[PathBuf]| -> Vec<(Kind, PathBuf)> {
            files.iter().map(|file| (kind, file.clone())).collect()
        };
        let mut files = of(Kind::Junit, &args.junit);
        files.extend(of(Kind::Markdown, &args.markdown));
        let mut seen = BTreeSet::new();
        for (_, file) in &files {
            let target = target(file);
            if !seen.insert(target.clone()) {
                let text = format!("two reports go to {}; name two files", file.display());
                return Err(Failure::Usage(text));
            }
            let tried = match is_special(&target) {
                true => Ok(()),
                false => temporary(&target).map(drop),
            };
            tried.map_err(|error| refused(file, &error))?;
        }
        Ok(Self {
            files,
            github: args.github,
        })
    }

    /// Whether it goes nowhere else.
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// Writes the files, each whole or not at all. Where one cannot be written
    /// the others are all the same.
    pub fn write(&self, report: &Report, outcome: &Outcome) -> Result<(), Failure> {
        let mut first = Ok(());
        for (kind, file) in &self.files {
            let text = match kind {
                Kind::Junit => junit(report, outcome),
                Kind::Markdown => markdown(report, outcome, STEP_SUMMARY_MAX),
            };
            if let Err(error) = write(&target(file), &text) {
                first = first.and(Err(refused(file, &error)));
            }
        }
        first
    }

    /// Annotations, where they are asked for.
    pub fn annotations(&self, report: &Report, outcome: &Outcome) -> String {
        match self.github {
            true => annotations(report, outcome),
            false => String::new(),
        }
    }
}

/// The file itself, where a link names it: a link stays one.
fn target(file: &Path) -> PathBuf {
    std::fs::canonicalize(file).unwrap_or_else(|_| {
        let folder = folder(file).canonicalize();
        match (folder, file.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => file.to_path_buf(),
        }
    })
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.into(),
        _ => PathBuf::from("."),
    }
}

/// Whether it is there and neither a file nor a folder: `/dev/stderr`, a pipe.
/// What goes there cannot be put in place.
fn is_special(target: &Path) -> bool {
    let kind = std::fs::metadata(target).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| !kind.is_file() && !kind.is_dir())
}

fn temporary(target: &Path) -> io::Result<tempfile::NamedTempFile> {
    if target.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if target.file_name().is_none() {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    tempfile::Builder::new()
        .prefix(".exactly-")
        .permissions(std::fs::Permissions::from_mode(MODE))
        .tempfile_in(folder(target))
}

fn write(target: &Path, text: &str) -> io::Result<()> {
    if is_special(target) {
        return std::fs::write(target, text);
    }
    let mut file = temporary(target)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

fn refused(file: &Path, error: &io::Error) -> Failure {
    // The error names a temporary file that nobody asked for.
    let why = match error.kind() {
        _ if !folder(file).is_dir() => "its folder is not there; make that first".into(),
        io::ErrorKind::IsADirectory => "it is a folder; name a file in it".into(),
        kind => kind.to_string(),
    };
    Failure::Store(format!(
        "cannot write a report to {}: {why}",
        file.display()
    ))
}

#[cfg(test)]
mod tests;
