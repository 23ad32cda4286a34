//! An answer of a server, read to its end, and what must be true of answers of a kind.

use reqwest::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use serde_json::Value;

use super::secrets;

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await.expect("the answer has an end");
        Self::new(status, headers, body)
    }

    pub fn new(status: u16, headers: HeaderMap, body: String) -> Self {
        let answer = Self { status, headers, body };
        let json = answer.try_json().unwrap_or_default();
        let tokens = ["access_token", "refresh_token", "id_token"].into_iter().filter_map(|name| json[name].as_str());
        tokens.for_each(secrets::note);
        answer
    }

    fn try_json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    pub fn json(&self) -> Value {
        self.try_json().unwrap_or_else(|| panic!("the answer is JSON: {self:?}"))
    }

    /// Empty when the header is not there.
    pub fn header(&self, name: impl AsRef<str>) -> &str {
        let mut values = self.headers.get_all(name.as_ref()).iter();
        let value = values.next().map_or("", |value| value.to_str().expect("a header of text"));
        assert!(values.next().is_none(), "{} is there once", name.as_ref());
        value
    }

    /// The public code of a refusal, in whichever manner it was told.
    pub fn code(&self) -> String {
        let json = self.json();
        json["error"].as_str().or(json["code"].as_str()).unwrap_or_else(|| panic!("a code: {self:?}")).to_owned()
    }

    pub fn is_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{self:?}");
        self.is_oauth_error();
    }

    /// RFC 6749 §5.2 to the letter, and what this server promises beyond it.
    pub fn is_oauth_error(&self) {
        assert_eq!(self.header(CONTENT_TYPE), "application/json", "{self:?}");
        let json = self.json();
        let members: Vec<&String> = json.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["error", "error_description", "request_id"], "{self:?}");
        let description = json["error_description"].as_str().expect("a text");
        assert!(!description.is_empty() && description.bytes().all(allowed_in_description), "{self:?}");
        self.is_error_of_a_request(&json);
        assert_eq!(self.header(PRAGMA), "no-cache", "{self:?}");
        match (self.status, json["error"].as_str()) {
            (401, Some("invalid_client")) => assert!(self.header(WWW_AUTHENTICATE).starts_with("Basic "), "{self:?}"),
            (_, Some("invalid_client")) => panic!("invalid_client is 401: {self:?}"),
            _ => assert_eq!(self.header(WWW_AUTHENTICATE), "", "{self:?}"),
        }
    }

    /// RFC 9457 to the letter, and what this server promises beyond it.
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.header(CONTENT_TYPE), "application/problem+json", "{self:?}");
        let json = self.json();
        assert_eq!((self.status, &json["status"], &json["code"]), (status, &status.into(), &code.into()), "{self:?}");
        for text in ["type", "title", "detail"] {
            assert!(json[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {self:?}");
        }
        self.is_error_of_a_request(&json);
    }

    fn is_error_of_a_request(&self, json: &Value) {
        assert_eq!(json["request_id"], self.header("x-request-id"), "{self:?}");
        assert!(!self.header("x-request-id").is_empty(), "{self:?}");
        assert_eq!(self.header(CACHE_CONTROL), "no-store", "{self:?}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self:?}");
        assert_eq!(self.header(ALLOW).is_empty(), self.status != 405, "{self:?}");
        assert_eq!(self.header(RETRY_AFTER).is_empty(), ![429, 503].contains(&self.status), "{self:?}");
        assert_eq!(self.header("ratelimit").is_empty(), self.status != 429, "{self:?}");
    }

    /// Nothing of what a caller keeps to itself comes back.
    pub fn never_says(&self, kept: &[&str]) {
        for secret in kept {
            assert!(!self.body.contains(secret), "{self:?}");
            for (name, value) in &self.headers {
                let value = String::from_utf8_lossy(value.as_bytes());
                assert!(!value.contains(secret), "{} of {self:?}", HeaderName::as_str(name));
            }
        }
    }
}

fn allowed_in_description(byte: u8) -> bool {
    matches!(byte, b' '..=b'!' | b'#'..=b'[' | b']'..=b'~')
}
