//! The form of the query protocol, read into the shape of the JSON protocol:
//! `MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String` becomes
//! `{"MessageAttributes": {"n": {"DataType": "String"}}}`.

use crate::queue::{Code, Refusal};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fullest request, a batch of ten messages with ten attributes each, has
/// under 500.
const PAIRS_MAX: usize = 2_000;
const DEPTH_MAX: usize = 8;

/// Numbered parameters that are a list, and the list's name.
const LISTS: [(&str, &str); 7] = [
    ("AttributeName", "AttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("TagKey", "TagKeys"),
    ("SendMessageBatchRequestEntry", "Entries"),
    ("DeleteMessageBatchRequestEntry", "Entries"),
    ("ChangeMessageVisibilityBatchRequestEntry", "Entries"),
];
/// Numbered parameters that are a map, the map's name, and the name of its key.
const MAPS: [(&str, &str, &str); 4] = [
    ("Attribute", "Attributes", "Name"),
    ("MessageAttribute", "MessageAttributes", "Name"),
    ("MessageSystemAttribute", "MessageSystemAttributes", "Name"),
    ("Tag", "Tags", "Key"),
];

#[derive(Debug, Default)]
struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

/// Reads the query of the URL and the body.
pub(super) fn read(query: &str, body: &[u8]) -> Result<Value, Refusal> {
    let body = std::str::from_utf8(body).map_err(|_| malformed("the form is not UTF-8"))?;
    let mut root = Node::default();
    let pairs = query.split('&').chain(body.trim_end().split('&'));
    for (count, pair) in pairs.filter(|pair| !pair.is_empty()).enumerate() {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name)?;
        let path: Vec<&str> = name.split('.').collect();
        if count >= PAIRS_MAX || path.len() > DEPTH_MAX {
            return Err(malformed("the form has too many parts"));
        }
        let mut node = &mut root;
        for part in path {
            node = node.children.entry(part.to_string()).or_default();
        }
        node.text = Some(decoded(value)?);
    }
    Ok(shaped(root))
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(Code::MalformedInput, why)
}

fn shaped(node: Node) -> Value {
    if let (Some(text), true) = (&node.text, node.children.is_empty()) {
        return Value::String(text.clone());
    }
    let mut fields = Map::new();
    for (name, child) in node.children {
        if let Some((_, list)) = LISTS.iter().find(|(part, _)| *part == name) {
            let items = numbered(child).map(shaped).collect();
            fields.insert((*list).into(), Value::Array(items));
        } else if let Some((_, map, key)) = MAPS.iter().find(|(part, _, _)| *part == name) {
            let entries = numbered(child).filter_map(|entry| named(entry, key));
            fields.insert((*map).into(), Value::Object(entries.collect()));
        } else {
            fields.insert(name, shaped(child));
        }
    }
    Value::Object(fields)
}

/// The children in the order of their numbers: 10 comes after 9.
fn numbered(node: Node) -> impl Iterator<Item = Node> {
    let mut children: Vec<(u32, Node)> = node
        .children
        .into_iter()
        .filter_map(|(number, child)| Some((number.parse().ok()?, child)))
        .collect();
    children.sort_by_key(|(number, _)| *number);
    children.into_iter().map(|(_, child)| child)
}

fn named(mut entry: Node, key: &str) -> Option<(String, Value)> {
    let name = entry.children.remove(key)?.text?;
    let value = entry.children.remove("Value").unwrap_or_default();
    let value = match shaped(value) {
        Value::Object(fields) if fields.is_empty() => Value::String(String::new()),
        other => other,
    };
    Some((name, value))
}

/// The decoding of `application/x-www-form-urlencoded`.
pub(crate) fn decoded(text: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = behind
                    .get(..2)
                    .and_then(|two| std::str::from_utf8(two).ok());
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(byte.ok_or_else(|| malformed("a percent sign without two digits"))?);
                rest = &behind[2..];
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed("a parameter is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(form: &str, expect: Value) {
        assert_eq!(read("", form.as_bytes()).expect(form), expect, "{form}");
    }

    #[test]
    fn a_form_has_the_shape_of_the_json_protocol() {
        check(
            "Action=X&QueueUrl=http%3A%2F%2Fh%2F0%2Fq",
            json!({"Action": "X", "QueueUrl": "http://h/0/q"}),
        );
        check(
            "AttributeName.2=b&AttributeName.10=c&AttributeName.1=a",
            json!({"AttributeNames": ["a", "b", "c"]}),
        );
        check(
            "Attribute.1.Name=n&Attribute.1.Value=v+w",
            json!({"Attributes": {"n": "v w"}}),
        );
        check(
            "Attribute.1.Name=n&Attribute.1.Value=",
            json!({"Attributes": {"n": ""}}),
        );
        check("Tag.1.Key=k&Tag.1.Value=v", json!({"Tags": {"k": "v"}}));
        check(
            "SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=String&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=%C3%A4",
            json!({"Entries": [{"Id": "a", "MessageAttributes": {"n": {"DataType": "String", "StringValue": "ä"}}}]}),
        );
    }

    #[test]
    fn a_form_that_is_none_is_refused() {
        let many = "a=1&".repeat(PAIRS_MAX + 1);
        let deep = "a.".repeat(DEPTH_MAX + 1);
        for form in [
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%ff",
            many.as_str(),
            deep.as_str(),
        ] {
            let refusal = read("", form.as_bytes()).expect_err("no form");
            assert_eq!(refusal.code, Code::MalformedInput);
        }
    }
}
