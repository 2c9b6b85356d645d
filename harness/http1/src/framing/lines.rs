//! Lines of a head or trailer section, up to the empty line that ends it.
//!
//! `httparse` takes a bare LF for a line's end, as RFC 9112 2.2 allows. Not
//! every reader does, so the lines are found here and it never sees one.

use super::Faulty;

/// What a byte ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ends {
    /// Nothing.
    Nothing,
    /// A line with something in it.
    Line,
    /// The empty line, and with it the section.
    Section,
}

/// Reads a section byte by byte.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// Whether the byte before was a CR.
    pub(super) cr: bool,
    /// Bytes of the line that is being read.
    pub(super) length: usize,
    /// Lines that have ended.
    pub(super) ended: usize,
}

impl Lines {
    pub(super) fn push(&mut self, byte: u8) -> Result<Ends, Faulty> {
        match (std::mem::take(&mut self.cr), byte) {
            (true, b'\n') => {
                let empty = std::mem::take(&mut self.length) == 0;
                self.ended += 1;
                return Ok(if empty { Ends::Section } else { Ends::Line });
            }
            (true, _) => return Err(Faulty::BareCr),
            (false, b'\n') => return Err(Faulty::BareLf),
            (false, b'\r') => self.cr = true,
            (false, 0) => return Err(Faulty::Nul),
            (false, b' ' | b'\t') if self.length == 0 => return Err(Faulty::ObsFold),
            (false, b'\t' | b' '..=b'~' | 0x80..) => self.length += 1,
            _ => return Err(Faulty::Control),
        }
        Ok(Ends::Nothing)
    }
}

/// Header names that a strict reader refuses and that deserve a word of their
/// own; what else is wrong with a line is `httparse`'s to say.
pub(super) fn check_names(section: &[u8]) -> Result<(), Faulty> {
    for line in section.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        match &line[..colon.ok_or(Faulty::HeaderName)?] {
            [] => return Err(Faulty::HeaderName),
            [.., b' ' | b'\t'] => return Err(Faulty::SpaceBeforeColon),
            _ => {}
        }
    }
    Ok(())
}
