//! The OpenAPI document as it is shown: what the generator cannot know is put in.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::bearer;
use crate::app::App;

const API: &str = "/api/v1/";
const SCHEMAS: &str = "#/components/schemas/";

/// A rendered document with the address of the token endpoint in it, in which the members of `/api/v1` that may be absent may
/// be null as well: that is how answers are written, and how bodies are read.
pub fn finished(app: &App, rendered: &str) -> String {
    let rendered = rendered.replace(bearer::TOKEN_URL, &app.config.issuer.endpoint("/oauth2/token"));
    let Ok(mut document) = serde_json::from_str::<Value>(&rendered) else { return rendered };
    let names = of_the_api(&document);
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (_, schema) in schemas.iter_mut().filter(|(name, _)| names.contains(*name)) {
            allow_null(schema);
        }
    }
    serde_json::to_string_pretty(&document).unwrap_or(rendered)
}

/// The names of all schemas that operations of the API lead to.
fn of_the_api(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut unread: Vec<&Value> = paths.filter(|(path, _)| path.starts_with(API)).map(|(_, item)| item).collect();
    let mut names = BTreeSet::new();
    while let Some(value) = unread.pop() {
        match value {
            Value::Object(members) => unread.extend(members.values()),
            Value::Array(items) => unread.extend(items),
            Value::String(text) => {
                if let Some(name) = text.strip_prefix(SCHEMAS)
                    && names.insert(name.to_owned())
                {
                    unread.extend(document["components"]["schemas"].get(name));
                }
            }
            _ => {}
        }
    }
    names
}

fn allow_null(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        allow_null(part);
    }
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|each| each == name));
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !is_required(name)) {
        let Some(members) = property.as_object_mut() else { continue };
        if let Some(reference) = members.remove("$ref") {
            // Nothing may stand beside a reference.
            members.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
        }
        if !is_anything(members) {
            members.insert("nullable".to_owned(), true.into());
        }
    }
}

/// A schema that lets through whatever there is.
fn is_anything(schema: &Map<String, Value>) -> bool {
    ["type", "allOf", "anyOf", "oneOf"].iter().all(|member| !schema.contains_key(*member))
}
