//! The JSON of an answer as the XML of the query protocol.

use serde_json::Value;

const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";

/// An answer. `body` is none where the action answers nothing.
pub(super) fn answer(action: &str, body: Option<&Value>, request_id: &str) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?>");
    xml.push_str(&format!("<{action}Response xmlns=\"{NAMESPACE}\">"));
    if let Some(body) = body {
        let result = format!("{action}Result");
        element(&mut xml, &result, |xml| fields(xml, action, body));
    }
    element(&mut xml, "ResponseMetadata", |xml| {
        text(xml, "RequestId", request_id)
    });
    xml.push_str(&format!("</{action}Response>"));
    xml
}

/// An error of the sender's.
pub(super) fn error(code: &str, message: &str, request_id: &str) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?>");
    xml.push_str(&format!("<ErrorResponse xmlns=\"{NAMESPACE}\">"));
    element(&mut xml, "Error", |xml| {
        text(xml, "Type", "Sender");
        text(xml, "Code", code);
        text(xml, "Message", message);
        xml.push_str("<Detail/>");
    });
    text(&mut xml, "RequestId", request_id);
    xml.push_str("</ErrorResponse>");
    xml
}

fn element(xml: &mut String, name: &str, inside: impl FnOnce(&mut String)) {
    xml.push_str(&format!("<{name}>"));
    inside(xml);
    xml.push_str(&format!("</{name}>"));
}

fn text(xml: &mut String, name: &str, value: &str) {
    element(xml, name, |xml| escape(xml, value));
}

/// A carriage return is written as a reference: parsers would make a line feed of
/// it, and the digest of the body would not fit.
fn escape(xml: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#xD;"),
            other => xml.push(other),
        }
    }
}

fn fields(xml: &mut String, action: &str, value: &Value) {
    let Value::Object(all) = value else {
        return;
    };
    for (name, value) in all {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    entry(xml, action, name, key, value);
                }
            }
            Value::Array(items) => {
                let name = item_name(action, name);
                for item in items {
                    one(xml, action, &name, item);
                }
            }
            scalar => one(xml, action, name, scalar),
        }
    }
}

fn one(xml: &mut String, action: &str, name: &str, value: &Value) {
    match value {
        Value::String(value) => text(xml, name, value),
        Value::Object(_) => element(xml, name, |xml| fields(xml, action, value)),
        other => text(xml, name, &other.to_string()),
    }
}

/// An entry of a map. Maps are flattened: `Attributes` is many `Attribute`.
fn entry(xml: &mut String, action: &str, map: &str, key: &str, value: &Value) {
    let key_name = if map == "Tags" { "Key" } else { "Name" };
    element(xml, map.trim_end_matches('s'), |xml| {
        text(xml, key_name, key);
        one(xml, action, "Value", value);
    });
}

fn item_name(action: &str, list: &str) -> String {
    match list {
        "Successful" => format!("{action}ResultEntry"),
        "Failed" => "BatchResultErrorEntry".into(),
        "Results" => "ListMessageMoveTasksResultEntry".into(),
        "queueUrls" => "QueueUrl".into(),
        other => other.trim_end_matches('s').into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_and_maps_are_flattened() {
        let body = json!({
            "Messages": [{
                "Body": "a<b>&\"\r",
                "Attributes": {"SentTimestamp": "1"},
                "MessageAttributes": {"n": {"DataType": "String", "StringValue": "v"}},
            }],
        });
        let xml = answer("ReceiveMessage", Some(&body), "r");
        for part in [
            "<ReceiveMessageResult><Message>",
            "<Body>a&lt;b&gt;&amp;&quot;&#xD;</Body>",
            "<Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute>",
            "<MessageAttribute><Name>n</Name><Value><DataType>String</DataType><StringValue>v</StringValue></Value></MessageAttribute>",
            "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></ReceiveMessageResponse>",
        ] {
            assert!(xml.contains(part), "{part} in {xml}");
        }
    }

    #[test]
    fn entries_of_a_batch_have_the_name_of_their_action() {
        let body =
            json!({"Successful": [{"Id": "a"}], "Failed": [{"Id": "b", "SenderFault": true}]});
        let xml = answer("DeleteMessageBatch", Some(&body), "r");
        assert!(
            xml.contains(
                "<DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>"
            )
        );
        assert!(xml.contains("<BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault></BatchResultErrorEntry>"));
    }
}
