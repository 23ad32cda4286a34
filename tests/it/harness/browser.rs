//! A browser without scripts: it keeps cookies, follows redirects within the server, and sends the forms that it is shown.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use url::Url;

use super::{Answer, Node, User, secrets};

#[derive(Clone, Default)]
pub struct Browser {
    pub cookies: BTreeMap<String, String>,
    /// What it says of itself in every request.
    pub headers: Vec<(&'static str, String)>,
}

/// Where a request has led to.
#[derive(Debug)]
pub enum Arrived {
    /// A page of the server, and the path with the query that it has.
    Page { at: String, answer: Answer },
    /// The address of a client; nobody listens there.
    Client(Url),
    /// A page with a form that leads to a client, at this address.
    Form { to: String, answer: Answer },
}

/// The heading of the page that leads to a client.
const LEADS_BACK: &str = "<h1>Back to the application</h1>";

impl Browser {
    pub async fn opens(&mut self, node: &Node, path: &str) -> Arrived {
        self.goes(node, Method::GET, path.to_owned(), &[]).await
    }

    async fn goes(&mut self, node: &Node, method: Method, path: String, form: &[(&str, &str)]) -> Arrived {
        let (mut path, mut method) = (path, method);
        let issuer = node.app.config.issuer.as_str().to_owned();
        for _ in 0..5 {
            let answer = self.sends(node, method.clone(), &path, form).await;
            if answer.status == 200 && answer.body.contains(LEADS_BACK) {
                let to = between(&answer.body, "<form method=\"post\" action=\"", "\"").expect("a form");
                return Arrived::Form { to: plain(to), answer };
            }
            if answer.status != 303 {
                return Arrived::Page { at: path, answer };
            }
            let location = answer.header("location");
            match location.strip_prefix(&issuer) {
                Some(rest) => path = format!("{}{rest}", node.app.config.issuer.path()),
                None => return Arrived::Client(location.parse().expect("a URL")),
            }
            method = Method::GET;
        }
        panic!("it goes round in circles: {path}");
    }

    /// One request, and no more.
    pub async fn sends(&mut self, node: &Node, method: Method, path: &str, form: &[(&str, &str)]) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = node.request(method.clone(), path);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if method == Method::POST {
            request = request.form(form);
        }
        let answer = node.send(request).await;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
                assert!(cookie.contains(part), "{part}: {cookie}");
            }
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if value.is_empty() {
                assert!(cookie.ends_with("; Max-Age=0"), "{cookie}");
                self.cookies.remove(name);
                continue;
            }
            secrets::note(value);
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Sends the form of a page, with what is filled in.
    pub async fn submits(&mut self, node: &Node, page: &Arrived, filled: &[(&str, &str)]) -> Arrived {
        let (action, mut form) = page.form();
        form.extend(filled.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.goes(node, Method::POST, action, &form).await
    }

    /// Sends the first form of a page that leads to this path, with what is filled in.
    pub async fn submits_to(&mut self, node: &Node, page: &Arrived, path: &str, filled: &[(&str, &str)]) -> Arrived {
        let forms = page.forms_to(path);
        let hidden = forms.first().unwrap_or_else(|| panic!("a form that leads to {path}: {page:?}"));
        self.sends_filled(node, path, hidden, filled).await
    }

    /// Sends this form to this path.
    pub async fn sends_filled(
        &mut self,
        node: &Node,
        path: &str,
        hidden: &[(String, String)],
        filled: &[(&str, &str)],
    ) -> Arrived {
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form: Vec<(&str, &str)> = hidden.chain(filled.iter().copied()).collect();
        self.goes(node, Method::POST, path.to_owned(), &form).await
    }

    pub async fn signs_in(&mut self, node: &Node, page: &Arrived, user: &User) -> Arrived {
        self.submits(node, page, &[("username", &user.username), ("password", &user.password)]).await
    }

    pub async fn allows(&mut self, node: &Node, page: &Arrived) -> Arrived {
        self.submits(node, page, &[("decision", "allow")]).await
    }
}

impl Arrived {
    pub fn page(&self) -> &Answer {
        match self {
            Self::Page { answer, .. } => answer,
            Self::Form { answer, .. } => answer,
            Self::Client(url) => panic!("a page, not {url}"),
        }
    }

    pub fn asks_for_password(&self) -> bool {
        matches!(self, Self::Page { answer, .. } if answer.body.contains("autocomplete=\"current-password\""))
    }

    pub fn asks_for_consent(&self) -> bool {
        matches!(self, Self::Page { answer, .. } if answer.body.contains("name=\"decision\""))
    }

    /// What the client is told; every answer says who gives it.
    pub fn told(&self, node: &Node) -> BTreeMap<String, String> {
        let told: BTreeMap<String, String> = match self {
            Self::Client(url) => {
                let text = url.fragment().or(url.query()).unwrap_or_default();
                url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
            }
            Self::Form { answer, .. } => hidden(&answer.body).into_iter().collect(),
            Self::Page { .. } => panic!("at the client, not {self:?}"),
        };
        assert_eq!(told.get("iss").map(String::as_str), Some(node.app.config.issuer.as_str()), "{self:?}");
        if let Some(code) = told.get("code") {
            secrets::note(code);
        }
        told
    }

    pub fn code(&self, node: &Node) -> String {
        let told = self.told(node);
        told.get("code").unwrap_or_else(|| panic!("a code: {told:?}")).clone()
    }

    pub fn error(&self, node: &Node) -> String {
        let told = self.told(node);
        assert!(!told.contains_key("code"), "{told:?}");
        told.get("error").unwrap_or_else(|| panic!("an error: {told:?}")).clone()
    }

    /// Where the form of a page leads, and what is hidden in it.
    pub fn form(&self) -> (String, Vec<(String, String)>) {
        let Self::Page { at, answer } = self else { panic!("a page, not {self:?}") };
        let action =
            between(&answer.body, "<form method=\"post\" action=\"", "\"").unwrap_or_else(|| panic!("{answer:?}"));
        let action = plain(action);
        let folder = at.split('?').next().and_then(|path| path.rsplit_once('/')).expect("a path").0;
        let place = answer.body.find("<form method=\"post\"").unwrap_or_default();
        let form = answer.body[place..].split("</form>").next().unwrap_or_default();
        let path = if action.starts_with('/') { action } else { format!("{folder}/{action}") };
        (path, hidden(form))
    }

    /// Where the first form leads whose address begins so, and what is hidden in it.
    pub fn form_to(&self, start: &str) -> Option<(String, Vec<(String, String)>)> {
        let forms = self.page().body.split("<form method=\"post\" action=\"").skip(1);
        let mut forms = forms.filter_map(|form| form.split("</form>").next());
        let form = forms.find(|form| form.starts_with(start))?;
        Some((plain(form.split('"').next()?), hidden(form)))
    }

    /// What is hidden in each form of a page that leads to this path.
    pub fn forms_to(&self, path: &str) -> Vec<Vec<(String, String)>> {
        let forms = self.page().body.split("<form method=\"post\" action=\"").skip(1);
        let forms = forms.filter_map(|form| form.split("</form>").next());
        forms.filter(|form| form.split('"').next().is_some_and(|action| plain(action) == path)).map(hidden).collect()
    }
}

/// What a form sends without being filled in.
fn hidden(page: &str) -> Vec<(String, String)> {
    let parts = page.split("<input type=\"hidden\" name=\"").skip(1);
    parts
        .map(|part| {
            let name = part.split('"').next().expect("a name");
            (name.to_owned(), plain(between(part, "value=\"", "\"").expect("a value")))
        })
        .collect()
}

/// Text as it was before it was put into a page.
fn plain(text: &str) -> String {
    let marks = [("&#x2f;", "/"), ("&#x27;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    marks.into_iter().fold(text.to_owned(), |text, (mark, sign)| text.replace(mark, sign))
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    text.split_once(start)?.1.split_once(end).map(|(inside, _)| inside)
}
