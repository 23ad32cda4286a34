//! The parameter `claims` (OpenID Connect Core §5.5): which single claims a client asks to be told, and where.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::{ErrorCode, Fault};
use super::userinfo;

/// What is carried along is bounded.
const LONGEST: usize = 2048;

/// What of it this server knows. Which claims are asked for is kept for as long as they may be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub userinfo: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<String>,
    /// The subjects that the client has in mind, if it names any (§5.5.1).
    #[serde(skip)]
    pub subjects: Option<Vec<String>>,
    /// How the user must have signed in (§5.5.1.1): one of these classes.
    #[serde(skip)]
    pub classes: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Document {
    userinfo: Option<Map<String, Value>>,
    id_token: Option<Map<String, Value>>,
}

/// What is said of one claim.
#[derive(Default, Deserialize)]
struct About {
    #[serde(default)]
    essential: bool,
    value: Option<Value>,
    values: Option<Vec<Value>>,
}

impl About {
    /// The texts that it may be; `None` when it may be anything.
    fn texts(self) -> Option<Vec<String>> {
        let values = self.values.or_else(|| self.value.map(|value| vec![value]))?;
        Some(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

impl ClaimsRequest {
    /// Claims that are not known are left out, as is what else may be said of them: none of it is a reason to refuse.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > LONGEST {
            return Err(malformed("claims is too long"));
        }
        let document: Document = match text.trim_ascii_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|_| malformed("claims is not a JSON object of objects"))?,
            false => return Err(malformed("claims is not a JSON object of objects")),
        };
        let mut request = Self::default();
        for (name, about) in document.userinfo.into_iter().flatten() {
            let about = read(about)?;
            match name.as_str() {
                "sub" => request.mean(about),
                name => note(&mut request.userinfo, name),
            }
        }
        for (name, about) in document.id_token.into_iter().flatten() {
            let about = read(about)?;
            match name.as_str() {
                "sub" => request.mean(about),
                // What is not essential is a wish.
                "acr" if about.essential => request.classes = about.texts(),
                "acr" => {}
                name => note(&mut request.id_token, name),
            }
        }
        Ok(request)
    }

    /// Both places may name subjects; whom both name is meant.
    fn mean(&mut self, about: About) {
        let Some(mut named) = about.texts() else { return };
        if let Some(before) = &self.subjects {
            named.retain(|subject| before.contains(subject));
        }
        self.subjects = Some(named);
    }

    /// As it was stored.
    pub fn stored(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// As it is stored; `None` when there is nothing to tell.
    pub fn to_store(&self) -> Option<String> {
        if self.userinfo.is_empty() && self.id_token.is_empty() {
            return None;
        }
        serde_json::to_string(self).ok()
    }

    /// The scopes that ask for the same claims.
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        self.userinfo.iter().chain(&self.id_token).filter_map(|name| userinfo::scope_of(name))
    }
}

fn read(about: Value) -> Result<About, Fault> {
    match about {
        Value::Null => Ok(About::default()),
        about @ Value::Object(_) => {
            serde_json::from_value(about).map_err(|_| malformed("claims says something of a claim that has no meaning"))
        }
        _ => Err(malformed("claims says something of a claim that has no meaning")),
    }
}

fn note(names: &mut Vec<String>, name: &str) {
    if userinfo::scope_of(name).is_some() {
        names.push(name.to_owned());
    }
}

fn malformed(about: &'static str) -> Fault {
    Fault::new(ErrorCode::InvalidRequest, about)
}
