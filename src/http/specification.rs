//! The OpenAPI document as it is shown: what the generator cannot know is put in.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::form::FORM;
use super::{authorization, bearer, logout};
use crate::app::App;

const API: &str = "/api/v1/";
const SCHEMAS: &str = "#/components/schemas/";

/// Where browsers come by GET, with what the form of POST would hold in the query.
const BY_QUERY: [&str; 2] = [authorization::PATH, logout::PATH];

/// A rendered document with the address of the token endpoint in it, and the queries that browsers come with, in which the members of `/api/v1` that may be absent may
/// be null as well: that is how answers are written, and how bodies are read.
pub fn finished(app: &App, rendered: &str) -> String {
    let rendered = rendered.replace(bearer::TOKEN_URL, &app.config.issuer.endpoint("/oauth2/token"));
    let Ok(mut document) = serde_json::from_str::<Value>(&rendered) else { return rendered };
    for path in BY_QUERY {
        let parameters = of_form(&document, path);
        if let Some(get) = document["paths"][path]["get"].as_object_mut() {
            get.insert("parameters".to_owned(), parameters.into());
        }
    }
    let names = of_the_api(&document);
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (_, schema) in schemas.iter_mut().filter(|(name, _)| names.contains(*name)) {
            allow_null(schema);
        }
    }
    serde_json::to_string_pretty(&document).unwrap_or(rendered)
}

/// The members of the form that a path takes, as parameters of a query.
fn of_form(document: &Value, path: &str) -> Vec<Value> {
    let body = &document["paths"][path]["post"]["requestBody"]["content"][FORM];
    let name = body["schema"]["$ref"].as_str().and_then(|name| name.strip_prefix(SCHEMAS)).unwrap_or_default();
    let schema = &document["components"]["schemas"][name];
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|each| each == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    let parameters = properties.map(|(name, property)| {
        let mut kind = property.clone();
        let about = kind.as_object_mut().and_then(|kind| kind.remove("description"));
        json!({"name": name, "in": "query", "required": is_required(name), "description": about, "schema": kind})
    });
    parameters.collect()
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
