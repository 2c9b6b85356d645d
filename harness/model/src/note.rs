//! Remarks in a history.

use serde::{Deserialize, Serialize};

/// What kind of remark.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Bytes that a decoder could not read were passed on. Caps the verdict.
    Opaque,
    /// Effects without an exchange: traffic around the boundary. Caps.
    Bypass,
    /// State on local disk, by the pipeline's own declaration: its crashes are
    /// more than the list of its exchanges. Caps.
    LocalState,
    /// Anything else worth reading.
    Remark,
}

/// A remark. One that is recorded for no trial and names no cell is about every
/// cell that has not ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// The cell that it is about, where no trial says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<u32>,
    /// Kind.
    pub kind: NoteKind,
    /// In words.
    pub text: String,
}

impl Note {
    /// A remark about what it is recorded for.
    pub fn new(kind: NoteKind, text: impl Into<String>) -> Self {
        Self {
            cell: None,
            kind,
            text: text.into(),
        }
    }

    /// A remark about a cell.
    pub fn of_cell(cell: u32, kind: NoteKind, text: impl Into<String>) -> Self {
        Self {
            cell: Some(cell),
            ..Self::new(kind, text)
        }
    }
}
