//! XML read back, and the rules that a JUnit report keeps.

use quick_xml::Reader;
use quick_xml::events::Event;

/// An element.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    pub fn attribute(&self, name: &str) -> &str {
        let mut all = self.attributes.iter();
        all.find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// Children called `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// The document's root. Panics where it is not well formed.
pub fn parse(document: &str) -> Element {
    let mut reader = Reader::from_str(document);
    reader.config_mut().enable_all_checks(true);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(start) => open.push(element(&start)),
            Event::Empty(start) => {
                let element = element(&start);
                open.last_mut().unwrap().children.push(element);
            }
            Event::End(_) => {
                let closed = open.pop().unwrap();
                open.last_mut().unwrap().children.push(closed);
            }
            Event::Text(text) => {
                open.last_mut().unwrap().text.push_str(&text);
            }
            Event::GeneralRef(entity) => {
                let text = format!("&{};", &*entity);
                let text = quick_xml::escape::unescape(&text).unwrap().into_owned();
                open.last_mut().unwrap().text.push_str(&text);
            }
            Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("a JUnit report needs no {other:?}"),
        }
    }
    let document = open.pop().unwrap();
    assert!(open.is_empty() && document.children.len() == 1, "one root");
    document.children.into_iter().next().unwrap()
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Element {
    let attribute = |attribute: quick_xml::events::attributes::Attribute<'_>| {
        let value = quick_xml::escape::unescape(&attribute.value).unwrap();
        (attribute.key.as_ref().to_owned(), value.into_owned())
    };
    Element {
        name: start.name().as_ref().to_owned(),
        attributes: start.attributes().map(|a| attribute(a.unwrap())).collect(),
        ..Element::default()
    }
}

/// What an element may hold.
struct Rule {
    element: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    children: &'static [&'static str],
    /// Whether it may hold text.
    text: bool,
}

/// The rules of Jenkins' `junit-10.xsd` (xunit-plugin), as far as they concern
/// the elements that we write, and one of our own: a case has at most one
/// result.
const RULES: &[Rule] = &[
    Rule {
        element: "testsuites",
        required: &[],
        optional: &["name", "time", "tests", "failures", "errors"],
        children: &["testsuite"],
        text: false,
    },
    Rule {
        element: "testsuite",
        required: &["name", "tests", "failures", "errors"],
        optional: &[
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
        ],
        children: &[
            "testsuite",
            "properties",
            "testcase",
            "system-out",
            "system-err",
        ],
        text: false,
    },
    Rule {
        element: "properties",
        required: &[],
        optional: &[],
        children: &["property"],
        text: false,
    },
    Rule {
        element: "property",
        required: &["name", "value"],
        optional: &[],
        children: &[],
        text: false,
    },
    Rule {
        element: "testcase",
        required: &["name"],
        optional: &["time", "classname", "group"],
        children: &["skipped", "error", "failure", "system-out", "system-err"],
        text: false,
    },
    Rule {
        element: "failure",
        required: &[],
        optional: &["type", "message"],
        children: &[],
        text: true,
    },
    Rule {
        element: "error",
        required: &[],
        optional: &["type", "message"],
        children: &[],
        text: true,
    },
    Rule {
        element: "skipped",
        required: &[],
        optional: &["type", "message"],
        children: &[],
        text: true,
    },
    Rule {
        element: "system-out",
        required: &[],
        optional: &[],
        children: &[],
        text: true,
    },
];

/// What of a document breaks the rules, in words.
pub fn violations(document: &str) -> Vec<String> {
    let mut violations: Vec<String> = document
        .chars()
        .filter(|c| c.is_control() && *c != '\n')
        .map(|c| format!("control character {c:?}"))
        .collect();
    let root = parse(document);
    if root.name != "testsuites" {
        violations.push(format!("the root is {}", root.name));
    }
    check(&root, &mut violations);
    for suite in root.all("testsuite") {
        check_counts(suite, &mut violations);
    }
    for name in ["tests", "failures", "errors"] {
        let counts = root
            .all("testsuite")
            .map(|suite| number(suite.attribute(name)));
        if number(root.attribute(name)) != counts.sum::<usize>() {
            violations.push(format!("{name} of the suites don't add up"));
        }
    }
    violations
}

fn check(element: &Element, violations: &mut Vec<String>) {
    let name = element.name.as_str();
    let Some(rule) = RULES.iter().find(|rule| rule.element == name) else {
        violations.push(format!("no element is called {name}"));
        return;
    };
    for required in rule.required {
        if !element
            .attributes
            .iter()
            .any(|(known, _)| known == required)
        {
            violations.push(format!("{name} lacks {required}"));
        }
    }
    for (known, value) in &element.attributes {
        let known = known.as_str();
        if !rule.required.contains(&known) && !rule.optional.contains(&known) {
            violations.push(format!("{name} has no attribute {known}"));
        }
        if value.is_empty() {
            violations.push(format!("{known} of {name} is empty"));
        }
    }
    if !rule.text && !element.text.trim().is_empty() {
        violations.push(format!("{name} holds text: {}", element.text));
    }
    let results = ["skipped", "error", "failure"];
    let results = element
        .children
        .iter()
        .filter(|c| results.contains(&c.name.as_str()));
    if results.count() > 1 {
        violations.push(format!("{name} has several results"));
    }
    for child in &element.children {
        if !rule.children.contains(&child.name.as_str()) {
            violations.push(format!("{name} holds a {}", child.name));
        }
        check(child, violations);
    }
}

fn check_counts(suite: &Element, violations: &mut Vec<String>) {
    let with = |result| {
        suite
            .all("testcase")
            .filter(move |c| c.child(result).is_some())
    };
    for (name, count) in [
        ("tests", suite.all("testcase").count()),
        ("failures", with("failure").count()),
        ("errors", with("error").count()),
        ("skipped", with("skipped").count()),
    ] {
        if number(suite.attribute(name)) != count {
            violations.push(format!(
                "{name} of {} is not {count}",
                suite.attribute("name")
            ));
        }
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or(usize::MAX)
}
