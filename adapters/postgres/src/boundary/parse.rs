//! The messages whose content is looked at (manual, "Message Formats").

use super::cursor::Cursor;
use super::ids::{Finder, Ids};
use super::session::ServerError;
use crate::sqlstate::Severity;

/// Longest error message kept.
const MESSAGE_MAX: usize = 300;
/// Bytes of one Bind's parameters that are searched for ids.
const SEARCH_MAX: usize = 1 << 20;

/// Parse: statement name and SQL.
pub(super) fn parse(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut cursor = Cursor::new(body);
    let (name, sql) = (cursor.cstr()?, cursor.cstr()?);
    let types = cursor.u16()?;
    cursor.take(usize::from(types) * 4)?;
    cursor.is_empty().then_some((name, sql))
}

/// Bind: portal name, statement name, and the ids in the parameters.
pub(super) fn bind(body: &[u8], finder: Finder) -> Option<(&[u8], &[u8], Ids)> {
    let mut cursor = Cursor::new(body);
    let (portal, statement) = (cursor.cstr()?, cursor.cstr()?);
    let format_count = cursor.u16()?;
    let formats = cursor.take(usize::from(format_count) * 2)?;
    let mut ids = Ids::default();
    let mut searched = 0;
    for parameter in 0..usize::from(cursor.u16()?) {
        // -1 stands for NULL.
        let len = cursor.i32()?;
        let Ok(len) = usize::try_from(len) else {
            continue;
        };
        let value = cursor.take(len)?;
        searched += len;
        if searched > SEARCH_MAX {
            continue;
        }
        // No format: all text. One: for all. Otherwise one each.
        let at = if format_count == 1 { 0 } else { parameter * 2 };
        if formats.get(at + 1) == Some(&1) {
            finder.in_binary(value, &mut ids);
        } else {
            finder.in_text(value, &mut ids);
        }
    }
    let results = cursor.u16()?;
    cursor.take(usize::from(results) * 2)?;
    cursor.is_empty().then_some((portal, statement, ids))
}

/// Execute: portal name.
pub(super) fn execute(body: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(body);
    let portal = cursor.cstr()?;
    cursor.i32()?;
    cursor.is_empty().then_some(portal)
}

/// Close: `S` or `P`, and a name.
pub(super) fn close(body: &[u8]) -> Option<(u8, &[u8])> {
    let mut cursor = Cursor::new(body);
    let kind = cursor.u8().filter(|kind| matches!(kind, b'S' | b'P'))?;
    let name = cursor.cstr()?;
    cursor.is_empty().then_some((kind, name))
}

/// A body that is one string (Query, CommandComplete).
pub(super) fn text(body: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(body);
    let text = cursor.cstr()?;
    cursor.is_empty().then_some(text)
}

/// ErrorResponse: fields of a type byte and a string each.
pub(super) fn error(body: &[u8]) -> Option<ServerError> {
    let mut cursor = Cursor::new(body);
    let mut error = ServerError {
        severity: Severity::Error,
        code: String::new(),
        message: String::new(),
    };
    loop {
        let field = cursor.u8()?;
        if field == 0 {
            return cursor.is_empty().then_some(error);
        }
        let value = String::from_utf8_lossy(cursor.cstr()?);
        match field {
            // V is S without translation, since 9.6.
            b'V' | b'S' if value == "FATAL" => error.severity = Severity::Fatal,
            b'V' | b'S' if value == "PANIC" => error.severity = Severity::Panic,
            b'C' => error.code = value.chars().take(5).collect(),
            b'M' => error.message = value.chars().take(MESSAGE_MAX).collect(),
            _ => {}
        }
    }
}
