//! Where a frame ends.

use super::line::{Line, line};
use super::{ELEMENTS_MAX, Frame, NESTING_MAX, RespError, UNIT_MAX};

/// Finds the frames of one direction, one after the other. It remembers how far it has
/// come within the frame at the front: what arrives in many reads is looked at once.
///
/// After an error it is of no more use.
#[derive(Debug, Default)]
pub struct Frames {
    /// Where the next value begins.
    at: usize,
    /// Bytes of that value's line that are known to hold no end.
    searched: usize,
    /// The aggregates that are open, outermost first.
    open: Vec<Level>,
    /// Values begun.
    elements: usize,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    /// Values still to come.
    left: u64,
    attribute: bool,
}

/// What a line says of what follows it.
enum Follows {
    /// Nothing: it is a value.
    Nothing,
    /// A string of so many bytes, and its CR LF.
    Bytes(u64),
    /// So many values.
    Values(u64),
    /// So many values, and then the value that they are said of.
    Attribute(u64),
}

impl Frames {
    /// The frame at the front of `bytes`, or `None` until all of it is there. While it
    /// answers `None` the bytes at the front must stay; once it has answered a frame, it
    /// is asked for what stands behind it.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<Frame<'a>>, RespError> {
        loop {
            if self.at > UNIT_MAX {
                return Err(RespError::Size(self.at as u64));
            }
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(first) = rest.first() else {
                return Ok(None);
            };
            known(*first)?;
            let Some(line) = line(rest, &mut self.searched)? else {
                return Ok(None);
            };
            let follows = follows(line, self.open.is_empty())?;
            let mut len = line.len;
            if let Follows::Bytes(string) = follows {
                if string > UNIT_MAX as u64 {
                    return Err(RespError::Size(string));
                }
                len += string as usize + 2;
                if rest.len() < len {
                    return Ok(None);
                }
                if &rest[len - 2..len] != b"\r\n" {
                    return Err(RespError::Ending);
                }
            }
            self.at += len;
            self.elements += 1;
            if self.counted(follows)? {
                let len = std::mem::take(self).at;
                return Ok(Some(Frame::new(&bytes[..len])));
            }
        }
    }

    #[cfg(test)]
    pub(super) fn reserved(&self) -> usize {
        self.open.capacity()
    }

    /// Counts the value that has just begun; `true` when it was the last one.
    fn counted(&mut self, follows: Follows) -> Result<bool, RespError> {
        let (values, attribute) = match follows {
            Follows::Nothing | Follows::Bytes(_) => (0, false),
            Follows::Values(values) => (values, false),
            Follows::Attribute(values) => (values, true),
        };
        if values > ELEMENTS_MAX as u64 || self.elements > ELEMENTS_MAX {
            return Err(RespError::Elements(values.max(self.elements as u64)));
        }
        // An attribute is no value of whatever it stands in.
        if let Some(level) = self.open.last_mut().filter(|_| !attribute) {
            level.left -= 1;
        }
        if values > 0 {
            if self.open.len() == NESTING_MAX {
                return Err(RespError::Nesting);
            }
            self.open.push(Level {
                left: values,
                attribute,
            });
        }
        let mut ended_attribute = attribute;
        while let Some(level) = self.open.pop_if(|level| level.left == 0) {
            ended_attribute = level.attribute;
        }
        Ok(self.open.is_empty() && !ended_attribute)
    }
}

/// The frame at the front of `bytes` and its length; `None` when more is needed.
pub fn next_frame(bytes: &[u8]) -> Result<Option<(usize, Frame<'_>)>, RespError> {
    let frame = Frames::default().next(bytes)?;
    Ok(frame.map(|frame| (frame.bytes().len(), frame)))
}

fn known(kind: u8) -> Result<(), RespError> {
    match kind {
        b'+' | b'-' | b':' | b'$' | b'*' | b'_' | b'#' | b',' | b'(' | b'!' | b'=' | b'%'
        | b'~' | b'>' | b'|' => Ok(()),
        b';' | b'.' => Err(RespError::Streamed(kind as char)),
        _ => Err(RespError::Type(kind)),
    }
}

fn follows(line: Line<'_>, outermost: bool) -> Result<Follows, RespError> {
    let twice = |length: Option<u64>| length.unwrap_or(0).saturating_mul(2);
    Ok(match line.kind {
        b'$' => line.length(true)?.map_or(Follows::Nothing, Follows::Bytes),
        b'!' => Follows::Bytes(line.length(false)?.unwrap_or(0)),
        b'=' => match line.length(false)? {
            // Three letters and a colon stand before the text.
            Some(length) if length < 4 => return Err(RespError::value(b'=', line.text)),
            length => Follows::Bytes(length.unwrap_or(0)),
        },
        b'*' => line.length(true)?.map_or(Follows::Nothing, Follows::Values),
        b'~' => Follows::Values(line.length(false)?.unwrap_or(0)),
        b'>' if !outermost => return Err(RespError::NestedPush),
        b'>' => match line.length(false)? {
            // The kind of the push stands first.
            Some(0) => return Err(RespError::value(b'>', line.text)),
            length => Follows::Values(length.unwrap_or(0)),
        },
        b'%' => Follows::Values(twice(line.length(false)?)),
        b'|' => Follows::Attribute(twice(line.length(false)?)),
        _ => {
            plain(line)?;
            Follows::Nothing
        }
    })
}

/// Values that are a line and nothing else.
fn plain(line: Line<'_>) -> Result<(), RespError> {
    let right = match line.kind {
        b':' => return line.number().map(drop),
        b'_' => line.text.is_empty(),
        b'#' => matches!(line.text, b"t" | b"f"),
        b'(' => {
            let digits = line.text.strip_prefix(b"-").unwrap_or(line.text);
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        b',' => std::str::from_utf8(line.text).is_ok_and(|text| text.parse::<f64>().is_ok()),
        _ => true,
    };
    match right {
        true => Ok(()),
        false => Err(RespError::value(line.kind, line.text)),
    }
}
