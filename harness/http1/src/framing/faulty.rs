//! What is refused, and by which rule.

use std::fmt;

/// Why a message is not read. Each is something that two readers could read
/// differently, or that is not bounded; the system might still accept it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Faulty {
    /// Content-Length and Transfer-Encoding in one message (RFC 9112 6.1, 6.3).
    BothLengths,
    /// More than one Content-Length line, equal or not (RFC 9112 6.3).
    RepeatedLength,
    /// A Content-Length that is a list (RFC 9110 8.6, RFC 9112 6.3).
    ListedLength,
    /// A Content-Length that is not all digits: `+5`, `0x5`, ` `, nothing
    /// (RFC 9110 8.6).
    LengthNotDecimal,
    /// A Content-Length beyond 64 bits (RFC 9110 8.6).
    LengthOverflow,
    /// A Transfer-Encoding that is not exactly one `chunked` (RFC 9112 6.1, 6.3).
    TransferCoding,
    /// A Transfer-Encoding in an HTTP/1.0 message (RFC 9112 6.1).
    TransferCodingIn10,
    /// A header line that begins with whitespace (RFC 9112 5.2, 2.2).
    ObsFold,
    /// Whitespace between a header's name and its colon (RFC 9112 5.1).
    SpaceBeforeColon,
    /// A CR that no LF follows (RFC 9112 2.2).
    BareCr,
    /// A LF that no CR precedes (RFC 9112 2.2).
    BareLf,
    /// A NUL in a head or trailer (RFC 9110 5.5).
    Nul,
    /// Another control character there (RFC 9110 5.5).
    Control,
    /// A header line without a name or with a name that is no token (RFC 9110 5.1).
    HeaderName,
    /// An empty line before the start line (RFC 9112 2.2: a server may skip it,
    /// not all do).
    EmptyLine,
    /// A request line or status line that is none (RFC 9112 3, 4).
    StartLine,
    /// A request line without a version: HTTP/0.9 (RFC 9112 3, appendix C.1).
    Http09,
    /// The preface or a status line of HTTP/2 (RFC 9113 3.4).
    Http2,
    /// A version other than 1.0 and 1.1 (RFC 9112 2.3).
    Version,
    /// A status below 100 (RFC 9110 15).
    Status,
    /// A head or trailer section beyond its bytes (RFC 9110 5.4).
    HeadTooLong,
    /// A head or trailer section beyond its lines (RFC 9110 5.4).
    TooManyHeaders,
    /// A request body beyond its limit (RFC 9110 15.5.14).
    BodyTooLong,
    /// Chunk sizes and extensions beyond the body's own limit (RFC 9112 7.1.1).
    FramingTooLong,
    /// A chunk size that is no hexadecimal number (RFC 9112 7.1).
    ChunkSize,
    /// A chunk size beyond 64 bits or 16 digits (RFC 9112 7.1).
    ChunkOverflow,
    /// A chunk extension that is too long or holds control characters
    /// (RFC 9112 7.1.1).
    ChunkExtension,
    /// A chunk that does not end where its size says (RFC 9112 7.1).
    ChunkEnd,
    /// A framing header in a trailer section (RFC 9110 6.5.1).
    TrailerFraming,
    /// Content announced where there can be none: 1xx, 204 (RFC 9112 6.1, 6.3,
    /// RFC 9110 8.6).
    ContentWhereNone,
    /// A CONNECT with content (RFC 9110 9.3.6).
    ConnectContent,
    /// 101 to a request that did not ask for it (RFC 9110 7.8, 15.2.2).
    UpgradeUnasked,
    /// 101 or a tunnel with further requests on their way (RFC 9110 7.8, 9.3.6).
    SwitchWithRequests,
    /// A response that no request asked for (RFC 9112 9.2).
    Unasked,
    /// A message after the one that said it was the last (RFC 9112 9.3, 9.6).
    AfterClose,
    /// Too many requests that wait for their responses (RFC 9112 9.3.2).
    Pipelined,
}

impl Faulty {
    const fn says(self) -> &'static str {
        match self {
            Self::BothLengths => "both Content-Length and Transfer-Encoding (RFC 9112 6.1, 6.3)",
            Self::RepeatedLength => "more than one Content-Length (RFC 9112 6.3)",
            Self::ListedLength => "a list as Content-Length (RFC 9112 6.3)",
            Self::LengthNotDecimal => "a Content-Length that is not decimal (RFC 9110 8.6)",
            Self::LengthOverflow => "a Content-Length beyond 64 bits (RFC 9110 8.6)",
            Self::TransferCoding => {
                "a Transfer-Encoding other than exactly `chunked` (RFC 9112 6.1, 6.3)"
            }
            Self::TransferCodingIn10 => "a Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)",
            Self::ObsFold => "a header line that begins with whitespace (RFC 9112 5.2)",
            Self::SpaceBeforeColon => "whitespace before a header's colon (RFC 9112 5.1)",
            Self::BareCr => "a CR without its LF (RFC 9112 2.2)",
            Self::BareLf => "a LF without its CR (RFC 9112 2.2)",
            Self::Nul => "a NUL in a head (RFC 9110 5.5)",
            Self::Control => "a control character in a head (RFC 9110 5.5)",
            Self::HeaderName => "a header line without a legal name (RFC 9110 5.1)",
            Self::EmptyLine => "an empty line before the start line (RFC 9112 2.2)",
            Self::StartLine => "no HTTP/1.1 start line (RFC 9112 3, 4)",
            Self::Http09 => "a request of HTTP/0.9 (RFC 9112 3)",
            Self::Http2 => "this is HTTP/2, and the boundary reads HTTP/1.1 (RFC 9113 3.4)",
            Self::Version => "an HTTP version other than 1.0 and 1.1 (RFC 9112 2.3)",
            Self::Status => "a status below 100 (RFC 9110 15)",
            Self::HeadTooLong => "a head or trailer section too long to be read (RFC 9110 5.4)",
            Self::TooManyHeaders => "more header lines than are read (RFC 9110 5.4)",
            Self::BodyTooLong => "a request body too long to be kept (RFC 9110 15.5.14)",
            Self::FramingTooLong => "more chunk framing than is kept (RFC 9112 7.1.1)",
            Self::ChunkSize => "a chunk size that is not hexadecimal (RFC 9112 7.1)",
            Self::ChunkOverflow => "a chunk size beyond 64 bits (RFC 9112 7.1)",
            Self::ChunkExtension => "a chunk extension too long or illegal (RFC 9112 7.1.1)",
            Self::ChunkEnd => "a chunk that does not end where its size says (RFC 9112 7.1)",
            Self::TrailerFraming => "a framing header in a trailer (RFC 9110 6.5.1)",
            Self::ContentWhereNone => {
                "content announced in a response that has none (RFC 9112 6.1, 6.3)"
            }
            Self::ConnectContent => "a CONNECT with content (RFC 9110 9.3.6)",
            Self::UpgradeUnasked => "a 101 that no Upgrade asked for (RFC 9110 7.8)",
            Self::SwitchWithRequests => {
                "a change of protocol with further requests on their way (RFC 9110 7.8, 9.3.6)"
            }
            Self::Unasked => "a response that no request asked for (RFC 9112 9.2)",
            Self::AfterClose => "a message after the last one (RFC 9112 9.6)",
            Self::Pipelined => "too many requests wait for a response (RFC 9112 9.3.2)",
        }
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.says())
    }
}

impl std::error::Error for Faulty {}
