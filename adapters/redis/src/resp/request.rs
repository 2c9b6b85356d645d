//! What a client sends.

use super::line::line;
use super::{ELEMENTS_MAX, LINE_MAX, RespError, UNIT_MAX, inline};
use bytes::Bytes;
use std::ops::Range;

/// A whole request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Its bytes.
    pub len: usize,
    /// Where its arguments stand, the command's name first. Empty for what Redis passes
    /// over without an answer: an empty line, an array of none.
    args: Vec<Range<usize>>,
    /// An inline command whose quotes were taken off: the arguments stand in here.
    unquoted: Option<Vec<u8>>,
}

impl Request {
    /// How many arguments it has, the command's name included.
    pub fn args(&self) -> usize {
        self.args.len()
    }

    /// An argument, out of the bytes that the request was read from.
    pub fn arg<'a>(&'a self, bytes: &'a [u8], n: usize) -> Option<&'a [u8]> {
        let range = self.args.get(n)?.clone();
        match &self.unquoted {
            Some(text) => text.get(range),
            None => bytes.get(range),
        }
    }

    /// The arguments, sharing `taken`, which are the request's own bytes.
    pub fn into_args(self, taken: &Bytes) -> Vec<Bytes> {
        let unquoted = self.unquoted.map(Bytes::from);
        let bytes = unquoted.as_ref().unwrap_or(taken);
        self.args
            .into_iter()
            .map(|range| bytes.slice(range))
            .collect()
    }
}

/// Finds the requests of one connection, one after the other. It remembers how far it
/// has come within the one at the front.
///
/// After an error it is of no more use.
#[derive(Debug, Default)]
pub struct Requests {
    at: usize,
    searched: usize,
    /// Arguments still to come.
    left: Option<u64>,
    args: Vec<Range<usize>>,
}

impl Requests {
    /// The request at the front of `bytes`, or `None` until all of it is there. While it
    /// answers `None` the bytes at the front must stay; once it has answered a request,
    /// it is asked for what stands behind it.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Option<Request>, RespError> {
        let found = match bytes.first() {
            None => return Ok(None),
            Some(b'*') => self.array(bytes)?,
            // What Redis would take for an inline command.
            Some(0x16) => return Err(RespError::Tls),
            Some(_) => self.inline(bytes)?,
        };
        if found.is_some() {
            self.at = 0;
            self.left = None;
        }
        Ok(found)
    }

    fn array(&mut self, bytes: &[u8]) -> Result<Option<Request>, RespError> {
        loop {
            if self.at > UNIT_MAX {
                return Err(RespError::Size(self.at as u64));
            }
            if self.left == Some(0) {
                return Ok(Some(Request {
                    len: self.at,
                    args: std::mem::take(&mut self.args),
                    unquoted: None,
                }));
            }
            let rest = bytes.get(self.at..).unwrap_or_default();
            match (rest.first(), self.left) {
                (None, _) => return Ok(None),
                (Some(b'$'), Some(_)) | (_, None) => {}
                (Some(other), Some(_)) => return Err(RespError::Argument(*other)),
            }
            let Some(line) = line(rest, &mut self.searched)? else {
                return Ok(None);
            };
            let Some(left) = &mut self.left else {
                // `*0` and `*-1` ask for nothing.
                let count = u64::try_from(line.number()?).unwrap_or(0);
                if count > ELEMENTS_MAX as u64 {
                    return Err(RespError::Elements(count));
                }
                self.left = Some(count);
                self.at += line.len;
                continue;
            };
            let string = line.length(false)?.unwrap_or(0);
            if string > UNIT_MAX as u64 {
                return Err(RespError::Size(string));
            }
            let (start, end) = (line.len, line.len + string as usize);
            if rest.len() < end + 2 {
                return Ok(None);
            }
            if &rest[end..end + 2] != b"\r\n" {
                return Err(RespError::Ending);
            }
            self.args.push(self.at + start..self.at + end);
            self.at += end + 2;
            *left -= 1;
        }
    }

    /// A line of words. Redis takes LF alone for its end too.
    fn inline(&mut self, bytes: &[u8]) -> Result<Option<Request>, RespError> {
        let window = &bytes[..bytes.len().min(LINE_MAX)];
        let from = self.searched.min(window.len());
        let Some(lf) = memchr::memchr(b'\n', &window[from..]).map(|at| at + from) else {
            inline::refuse(window)?;
            self.searched = window.len();
            if bytes.len() >= LINE_MAX {
                return Err(RespError::Line);
            }
            return Ok(None);
        };
        self.searched = 0;
        let text = window[..lf].strip_suffix(b"\r").unwrap_or(&window[..lf]);
        inline::refuse(text)?;
        let (args, unquoted) = inline::words(text)?;
        Ok(Some(Request {
            len: lf + 1,
            args,
            unquoted,
        }))
    }
}

/// The request at the front of `bytes`; `None` when more is needed.
pub fn next_request(bytes: &[u8]) -> Result<Option<Request>, RespError> {
    Requests::default().next(bytes)
}
