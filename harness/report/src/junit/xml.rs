//! XML that every reader accepts.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// A document being written.
pub(super) struct Xml(Writer<Vec<u8>>);

impl Xml {
    pub fn new() -> Self {
        let mut xml = Self(Writer::new_with_indent(Vec::new(), b' ', 2));
        xml.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    /// `<name attributes>`.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Start(start(name, attributes)));
    }

    /// `</name>`.
    pub fn close(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// `<name attributes/>`.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Empty(start(name, attributes)));
    }

    /// `<name attributes>text</name>`.
    pub fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        // Escaped, not CDATA: there is no text that could end it.
        self.write(Event::Text(BytesText::new(&allowed(text))));
        self.close(name);
    }

    pub fn finish(self) -> String {
        let mut text = String::from_utf8(self.0.into_inner())
            .expect("names, escaped text and indents are all UTF-8");
        text.push('\n');
        text
    }

    fn write(&mut self, event: Event<'_>) {
        self.0
            .write_event(event)
            .expect("writing to memory does not fail");
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (key, value) in attributes {
        start.push_attribute((*key, allowed(value).as_str()));
    }
    start
}

/// Text without the characters that XML 1.0 (section 2.2, `Char`) does not
/// allow, not even escaped.
fn allowed(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' => c,
            '\u{10000}'..='\u{10ffff}' => c,
            _ => char::REPLACEMENT_CHARACTER,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_does_not_allow_is_replaced() {
        let mut xml = Xml::new();
        let hostile = "a\u{0}b\u{1b}[31m\u{fffe}]]><x a=\"&amp;\">\r\u{ffff}ё\u{10ffff}";
        xml.text("t", &[("a", hostile)], hostile);
        assert_eq!(
            xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <t a=\"a\u{fffd}b\u{fffd}[31m\u{fffd}]]&gt;&lt;x a=&quot;&amp;amp;&quot;&gt;\u{fffd}\u{fffd}ё\u{10ffff}\">\
             a\u{fffd}b\u{fffd}[31m\u{fffd}]]&gt;&lt;x a=&quot;&amp;amp;&quot;&gt;\u{fffd}\u{fffd}ё\u{10ffff}</t>\n"
        );
    }
}
